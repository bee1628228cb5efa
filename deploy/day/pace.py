"""The pace of time: standing while anything can be done, or as it passes.

A standing day moves engine and vendors as one: while both clocks move nobody looks at what is due, and what the
vendors tell meanwhile is stored first. So an operation sees the same things at the same time in every run.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from deploy.day.played import PlayedTime
from schema.errors import Refusal, Refused
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.waking import Quiet, quiet
from schema.store.writer import Writer
from workers.waker import Waker
from workers.worker import Worker

#: Between two looks at whether all is quiet, and at the clock where time passes by itself, in seconds.
PAUSE, TICK = 0.002, 0.05

#: So long nobody is at work on what is due before the waker is asked to look again, in seconds.
IDLE = 0.02

MILLISECOND = timedelta(milliseconds=1)


class Pace(Protocol):
    """How business time goes on."""

    @property
    def now(self) -> datetime:
        """Business time."""

    def settle(self) -> None:
        """Return once all has been done that can be done now, if time stands for that."""

    def go_on(self, until: datetime | None) -> bool:
        """Let time go on to the next thing that is due, and never past `until`; False where nothing ever will be."""


class Core(Protocol):
    """What a standing day stands on; `deploy.core.Core` is one."""

    @property
    def database(self) -> Database:
        """Where it is looked whether all is quiet."""

    @property
    def writer(self) -> Writer:
        """What moves the time."""

    @property
    def stop(self) -> threading.Event:
        """What says that the day is to end."""


class Vendors(Protocol):
    """The vendors' clock."""

    def time(self) -> PlayedTime:
        """Return the vendors' time."""

    def move(self, now: str, to: datetime) -> PlayedTime:
        """Move the vendors' time from where it stands."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What wakes operations, and what carries them out."""

    waker: Waker
    worker: Worker


class Bell:
    """The vendors' way to the engine: rings at once, but not while clocks move, for then all is offered after."""

    def __init__(self) -> None:
        self.parts: Parts | None = None
        self.is_silent = False

    def __call__(self, product: str, operations: Sequence[int]) -> None:
        """Offer operations."""
        if self.parts is not None and not self.is_silent:
            self.parts.worker.take(product, operations)


class Standing:
    """Time stands, and moves by compare-and-set to exactly the next due time of engine or vendors."""

    def __init__(self, core: Core, bell: Bell, played: Vendors, watch: Callable[[], None]) -> None:
        self._core = core
        self._bell = bell
        self._played = played
        self._watch = watch
        self._found = self._look()
        self._vendors = played.time()
        self._nudge_at = 0.0

    @property
    def now(self) -> datetime:
        """Business time."""
        return self._found.now

    def settle(self) -> None:
        """Return once engine and vendors are quiet, both at one time.

        Two looks with the same newest signal say that nobody was woken while the vendors were asked.
        """
        self._nudge_at = time.monotonic() + IDLE
        while not self._core.stop.is_set():
            if self._is_quiet():
                return
            self._watch()
            self._core.stop.wait(PAUSE)

    def go_on(self, until: datetime | None) -> bool:
        """Move both clocks to the next due time, or to `until` if that is earlier."""
        times = (self._found.next_due, self._vendors.next_due, until)
        to = min((_whole(each) for each in times if each is not None), default=None)
        if to is None:
            return False
        self._move(to)
        return True

    def _is_quiet(self) -> bool:
        """Look whether anybody is at work; what is in flight tells that at no cost."""
        if self._bell.parts and self._bell.parts.worker.in_flight:
            self._nudge_at = time.monotonic() + IDLE
            return False
        self._found = self._look()
        if not self._found.is_quiet:
            self._nudge()
            return False
        self._vendors = self._played.time()
        return not self._vendors.is_busy and self._look() == self._found

    def _nudge(self) -> None:
        """Let the waker look again where something is due for a while, and nobody is at work on it."""
        if self._bell.parts and time.monotonic() > self._nudge_at:
            self._nudge_at = time.monotonic() + IDLE
            self._bell.parts.waker.offer_again()
            self._bell.parts.worker.look()

    def _look(self) -> Quiet:
        """Look at the database once."""
        with self._core.database.look() as connection:
            return quiet(connection)

    def _move(self, to: datetime) -> None:
        """Move both clocks, let the vendors tell what happened, and only then wake an engine of this process."""
        parts = self._bell.parts
        with parts.waker.held() if parts else nullcontext():
            self._bell.is_silent = True
            if not self._core.writer.store(MoveTime(to, self.now)):
                raise Refused(Refusal("clock_moved", 409, "somebody else moved the time meanwhile"))
            vendors = self._played.move(self._vendors.now, to)
            while vendors.is_busy and not self._core.stop.wait(PAUSE):
                self._watch()
                vendors = self._played.time()
            self._bell.is_silent = False
        if parts:
            parts.waker.wake()
            parts.worker.look()


class Passing:
    """Time passes as it does outside."""

    def __init__(self, stop: threading.Event, watch: Callable[[], None]) -> None:
        self._stop = stop
        self._watch = watch

    @property
    def now(self) -> datetime:
        """Business time."""
        return datetime.now(UTC)

    def settle(self) -> None:
        """Wait for nothing."""

    def go_on(self, until: datetime | None) -> bool:
        """Let a moment pass, and no more than is left until then."""
        left = TICK if until is None else (until - self.now).total_seconds()
        self._stop.wait(max(min(left, TICK), 0.0))
        self._watch()
        return True


def _whole(time: datetime) -> datetime:
    """Return a time in whole milliseconds, as the database keeps it, and no earlier."""
    over = timedelta(microseconds=time.microsecond % 1000)
    return time - over + MILLISECOND if over else time
