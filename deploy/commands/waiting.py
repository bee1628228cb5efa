"""Waiting until operations have ended, as `turnup submit --wait` does."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice

from rich.console import Console

from deploy.display.screen import warn
from schema.store.database import Database
from schema.store.leases import WORKER
from schema.store.reads import find_operations
from schema.store.vitals import living_roles
from schema.views import Operation

#: Between two looks, in seconds.
PAUSE = 0.1

#: Operations in one look.
PAGE = 500


def wait_for(database: Database, keys: Iterable[int]) -> Mapping[int, Operation]:
    """Return these operations once all have ended, in their order; show how far they are."""
    waiting = dict.fromkeys(keys)
    ended: dict[int, Operation] = {}
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
                time.sleep(PAUSE)
    return dict(sorted(ended.items()))


def _ended(database: Database, keys: Iterable[int]) -> Iterable[Mapping[int, Operation]]:
    """Yield those of these operations that have ended, a page at a time."""
    rest = iter(keys)
    while page := list(islice(rest, PAGE)):
        with database.look() as connection:
            found = find_operations(connection, page)
        yield {key: each for key, each in found.items() if each.ended_at is not None}
