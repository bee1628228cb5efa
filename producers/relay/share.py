"""A relay's share of the outbox: its own lease, and the partitions that it holds."""

import contextlib
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import structlog

from schema.errors import NotStored
from schema.store.leases import Boot, Renew, Resign
from schema.store.outbox import RELAY, LeasePartitions, ReleasePartitions
from schema.store.stillness import in_step
from schema.store.writer import Record, Writer

log = structlog.get_logger()

#: A lease is renewed this often in its length, so that one renewal may fail.
RENEWALS = 3

#: How long a relay that stops waits until its partitions are given up, in seconds.
PATIENCE = 5.0


class Share:
    """The partitions that this relay holds; it asks the writer for them, and does not wait.

    `wake` is called, by any thread, when an answer has come.
    """

    def __init__(self, writer: Writer, length: timedelta, wake: Callable[[], None]) -> None:
        self._writer = writer
        self._length = length
        self._wake = wake
        self._relay: int | None = None
        self._held: tuple[int, ...] = ()
        self._asked: Future[list[Any]] | None = None
        self._asked_at = self._renews_at = self._ends_at = 0.0

    def held(self) -> tuple[int, ...]:
        """Return the partitions whose lease has not run out, and renew it where it is time."""
        if self._asked is not None and self._asked.done():
            answers, self._asked = self._asked.result(), None
            self._take(answers)
        if self._asked is None and time.monotonic() >= self._renews_at:
            self._ask()
        return self._held if time.monotonic() < self._ends_at else ()

    def release(self) -> None:
        """Give up everything; what cannot be given up lapses by itself."""
        if self._asked is not None:
            with contextlib.suppress(TimeoutError):
                self._take(self._asked.result(PATIENCE))
        if self._relay is not None:
            records: list[Record] = [ReleasePartitions(self._relay), Resign(self._relay)]
            with contextlib.suppress(TimeoutError):
                self._writer.submit(records).result(PATIENCE)
        self._relay, self._held, self._asked = None, (), None
        self._renews_at = self._ends_at = 0.0

    def _ask(self) -> None:
        """Ask for a lease of our own, or prolong it and then that of the partitions."""
        records: list[Record]
        self._asked_at = time.monotonic()
        self._renews_at = self._asked_at + in_step(self._length.total_seconds() / RENEWALS)
        if self._relay is None:
            records = [Boot(RELAY, socket.gethostname(), {}, self._length)]
        else:
            leased = LeasePartitions(self._relay, self._length)
            records = [Renew(self._relay, self._length), leased]
        self._asked = self._writer.submit(records)
        self._asked.add_done_callback(lambda _: self._wake())

    def _take(self, answers: list[Any]) -> None:
        """Note what is held, and until when: counted from before it was asked for."""
        if any(isinstance(answer, NotStored) for answer in answers):
            return
        if self._relay is None:
            (self._relay,) = answers
            self._renews_at = 0.0
            return
        is_alive, held = answers
        if held != self._held:
            log.info("partitions_leased", relay=self._relay, partitions=held)
        self._held, self._ends_at = held, self._asked_at + self._length.total_seconds()
        if not is_alive:
            self._relay, self._renews_at = None, 0.0
