"""Moves business time, the database's and the vendors', as soon as nothing can be done any more.

Both clocks stand. The pilot asks both when something is due next and moves both there by compare
and set, so that a quarter of an hour takes seconds, and nobody has to wait for minutes.
"""

import threading
import time
from datetime import datetime, timedelta

from schema.command import rfc3339
from schema.discovery import find_products
from schema.errors import StoreError
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.waking import Quiet, quiet
from schema.store.writer import Writer
from tests.system.client import Client, NoAnswer, Refused

#: How far it moves at least, unless told otherwise: what is due on the way is done a little late, all at once.
STRIDE = timedelta(seconds=30)

#: Between two looks, in seconds.
PAUSE = 0.05

#: How long the database may take to move its clock, in seconds.
PATIENCE = 5.0


class Pilot:
    """Moves both clocks on a thread of its own, from `start` to `stop`; whoever is away is waited for."""

    def __init__(self, database: Database, vendor: Client, start: datetime) -> None:
        self._database = database
        self._vendor = vendor
        self._writer = Writer(database, find_products())
        self._stopping = threading.Event()
        #: How far it moves at least, and how often it has moved.
        self.stride, self.moves = STRIDE, 0
        #: After so many seconds it moves by its stride whatever is left to do; None: never.
        self.pace: float | None = None
        self._moved_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="pilot", daemon=True)
        self._writer.start()
        assert self._writer.store(MoveTime(start), PATIENCE)

    def start(self) -> None:
        """Begin to move."""
        self._thread.start()

    def stop(self) -> None:
        """Let time stand."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._writer.stop()

    def is_quiet(self) -> bool:
        """Return whether nothing can be done at this time, on either side."""
        return self._quiet() is not None

    def _run(self) -> None:
        """Move whenever nothing is left to do."""
        while not self._stopping.wait(PAUSE):
            try:
                self._move()
            except (StoreError, NoAnswer, Refused, TimeoutError):
                continue

    def _move(self) -> None:
        """Move both clocks to what is due next, if everybody has finished, or a little if that takes too long."""
        if (found := self._quiet()) is not None:
            ours, theirs = found
            told = (ours.next_due, _moment(theirs["next_due"]))
            next_due = min((each for each in told if each), default=None)
            if next_due is not None:
                self._move_to(max(next_due, ours.now + self.stride), ours.now, theirs["now"])
        elif self.pace is not None and time.monotonic() > self._moved_at + self.pace:
            with self._database.look() as connection:
                now = quiet(connection).now
            self._move_to(now + self.stride, now, self._vendor.get("/clock")["now"])

    def _move_to(self, to: datetime, ours: datetime, theirs: str) -> None:
        """Move our clock, then the vendors', which may be ahead."""
        self._moved_at = time.monotonic()
        if self._writer.store(MoveTime(to, ours), PATIENCE):
            self.moves += 1
            to = max(to, _moment(theirs) or to)
            self._vendor.ask("PUT", "/clock", {"from": theirs, "to": rfc3339(to)})

    def _quiet(self) -> tuple[Quiet, dict[str, str]] | None:
        """Return how both sides are, None while one of them has something to do."""
        theirs = self._vendor.get("/clock")
        with self._database.look() as connection:
            ours = quiet(connection)
        if theirs["busy"] or not ours.is_quiet:
            return None
        if _moment(theirs["now"]) != ours.now:
            # One of them was moved and the other one was away.
            to = max(ours.now, _moment(theirs["now"]) or ours.now)
            self._vendor.ask("PUT", "/clock", {"from": theirs["now"], "to": rfc3339(to)})
            return None
        return ours, theirs


def _moment(text: str | None) -> datetime | None:
    """Return a time as the vendors tell it."""
    return datetime.fromisoformat(text) if text else None
