"""Waiting until operations have ended, as `turnup submit --wait` does."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice

from rich.console import Console

from deploy.display.screen import warn
from schema.errors import NotFound, TurnupError, WrongDatabase
from schema.ids import public_id
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.leases import WORKER
from schema.store.reads import find_operations
from schema.store.vitals import living_roles
from schema.views import Operation

#: Between two looks, and how long nobody may carry anything out before waiting is given up, in seconds.
PAUSE, PATIENCE = 0.1, 60.0

#: Operations in one look.
PAGE = 500


class NobodyWorks(TurnupError):
    """Raised where operations are waited for that nobody carries out."""


def wait_for(database: Database, keys: Iterable[int]) -> Mapping[int, Operation]:
    """Return these operations once all have ended, in their order; show how far they are.

    Raises `NobodyWorks` where no worker lives, `NotFound` where one is gone, `WrongDatabase` for another database.
    """
    wanted = set(keys)
    ended: dict[int, Operation] = {}
    watch = _Watch(database)
    with Console(stderr=True).status("") as status:
        while waiting := wanted - ended.keys():
            for found in _ended(database, waiting):
                ended.update(found)
            status.update(f"{len(ended)} of {len(wanted)} have ended")
            if len(ended) < len(wanted):
                watch.look()
                time.sleep(PAUSE)
    return dict(sorted(ended.items()))


def _ended(database: Database, keys: Iterable[int]) -> Iterable[Mapping[int, Operation]]:
    """Yield those of these operations that have ended, a page at a time; raise `NotFound` where one is gone."""
    rest = iter(keys)
    while page := list(islice(rest, PAGE)):
        with database.look() as connection:
            found = find_operations(connection, page)
        if gone := set(page) - found.keys():
            name = public_id("op", min(gone))
            why = "it ended and was purged, or the database was replaced"
            raise NotFound(f"{name} is not in the database any more: {why} ({database})")
        yield {key: each for key, each in found.items() if each.ended_at is not None}


class _Watch:
    """Sees that somebody carries operations out, in the database that it began with."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._place = _place(database)
        self._seen_at = time.monotonic()
        if not self._has_worker():
            warn("no worker is alive: start one with turnup serve")

    def look(self) -> None:
        """Raise `WrongDatabase` where the database is another one, `NobodyWorks` where nobody has for too long."""
        if _place(self._database) != self._place:
            raise WrongDatabase(f"the database {self._database} was replaced by another one")
        if self._has_worker():
            self._seen_at = time.monotonic()
        elif time.monotonic() - self._seen_at > PATIENCE:
            raise NobodyWorks(
                "no worker has been alive for a while: start turnup serve, "
                "and see with turnup list what becomes of these"
            )

    def _has_worker(self) -> bool:
        """Return whether a worker is alive."""
        with self._database.look() as connection:
            return WORKER in living_roles(connection)


def _place(database: Database) -> int:
    """Return which file a SQLite database is, whatever its name; 0 where there is none."""
    is_file = database.dialect == SQLITE and database.path.exists()
    return database.path.stat().st_ino if is_file else 0
