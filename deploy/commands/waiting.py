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
    waiting = dict.fromkeys(keys)
    ended: dict[int, Operation] = {}
    place, seen_at = _place(database), time.monotonic()
    with database.look() as connection:
        if WORKER not in living_roles(connection):
            warn("no worker is alive: start one with turnup serve")
    total = len(waiting)
    with Console(stderr=True).status("") as status:
        while waiting:
            for found in _ended(database, waiting):
                ended.update(found)
            for key in ended:
                waiting.pop(key, None)
            status.update(f"{total - len(waiting)} of {total} have ended")
            if waiting:
                seen_at = _see_to_it(database, place, seen_at)
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


def _see_to_it(database: Database, place: int, seen_at: float) -> float:
    """Return when a worker was seen alive last; raise where that is too long ago, or the database is another one."""
    if _place(database) != place:
        raise WrongDatabase(f"the database {database} was replaced by another one")
    with database.look() as connection:
        if WORKER in living_roles(connection):
            return time.monotonic()
    if time.monotonic() - seen_at > PATIENCE:
        raise NobodyWorks(
            "no worker has been alive for a while: start turnup serve, and see with turnup list what becomes of these"
        )
    return seen_at


def _place(database: Database) -> int:
    """Return which file a SQLite database is, whatever its name; 0 where there is none."""
    is_file = database.dialect == SQLITE and database.path.exists()
    return database.path.stat().st_ino if is_file else 0
