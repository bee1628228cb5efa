"""A worker's lease: one row per boot, renewed by its own thread, and only while the event loop answers.

What is known here is on the safe side: the lease counts from before the renewal was sent.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from schema.errors import NotStored
from schema.store.leases import Renew, Resign
from schema.store.stillness import in_step
from schema.store.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class LeaseTerms:
    """How long things may take: call time-out + settle time < length, and a call demands both of them left."""

    length: timedelta = timedelta(seconds=15)
    renew: timedelta = timedelta(seconds=5)
    call: timedelta = timedelta(seconds=10)
    settle: timedelta = timedelta(seconds=3)

    def __post_init__(self) -> None:
        if self.call + self.settle >= self.length:
            terms = f"{self.call} + {self.settle}"
            msg = f"call time-out and settle time ({terms}) must be shorter than the lease ({self.length})"
            raise ValueError(msg)


class LeaseLost(Exception):
    """Raised when somebody else has taken over what this worker owned."""


class Lease:
    """The lease of one boot of one worker, whose row was asked for at `since` by the monotonic clock."""

    def __init__(self, writer: Writer, terms: LeaseTerms, worker: int, since: float) -> None:
        self._writer = writer
        self._terms = terms
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._stopped: Future[None] = Future()
        self._until = since + terms.length.total_seconds()
        self.is_lost = False
        self.worker = worker
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def start(self, loop: asyncio.AbstractEventLoop, when_lost: Callable[[], None]) -> None:
        """Begin to renew, as long as this loop answers; `when_lost` is called from another thread."""
        self._loop, self._when_lost = loop, when_lost
        self._thread.start()

    def stop(self, *, resigns: bool = True) -> None:
        """Stop renewing and let go of everything, so that others need not wait for the lease to lapse.

        It has to lapse where calls were dropped that may still act: then nobody `resigns`.
        """
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._stopped.set_result(None)
        if resigns and not self.is_lost:
            self._writer.submit([Resign(self.worker)])

    @property
    def settle(self) -> timedelta:
        """How long a call may go on acting that nobody waits for any more."""
        return self._terms.settle

    @property
    def left(self) -> timedelta:
        """How long the lease surely lasts."""
        return timedelta(seconds=self._until - time.monotonic())

    async def ensure(self) -> None:
        """Make sure that a call and its settling fit into the lease, renewing first; raise `LeaseLost`.

        This is the last look before a changing call.
        """
        if self.left < self._terms.call + self._terms.settle:
            await asyncio.to_thread(self._renew)
        if self.is_lost or self.left < self._terms.call + self._terms.settle:
            raise LeaseLost

    def _keep(self) -> None:
        """Renew now and then, until stopped or lost."""
        pause = self._terms.renew.total_seconds()
        while not self._stopping.wait(in_step(pause)) and not self.is_lost:
            if self._loop_answers():
                self._renew()

    def _renew(self) -> None:
        """Renew once; who waited for another's renewal has it too."""
        asked = time.monotonic()
        with self._lock:
            if self._until > asked + (self._terms.call + self._terms.settle).total_seconds() + 1:
                return
            begun = time.monotonic()
            renewing = self._writer.submit([Renew(self.worker, self._terms.length)])
            either: tuple[Future[Any], ...] = (renewing, self._stopped)
            wait(either, self._terms.call.total_seconds(), return_when=FIRST_COMPLETED)
            if not renewing.done():
                renewing.cancel()
                return
            (is_mine,) = renewing.result()
            if isinstance(is_mine, NotStored):
                return
            if is_mine:
                self._until = begun + self._terms.length.total_seconds()
            elif not self.is_lost:
                self.is_lost = True
                log.warning("lease_lost", worker=self.worker)
                self._when_lost()

    def _loop_answers(self) -> bool:
        """Return whether the event loop gets round to something new."""
        answered = threading.Event()
        self._loop.call_soon_threadsafe(answered.set)
        return answered.wait(self._terms.renew.total_seconds())
