"""The relay: reads unsent events, sends them with pipelined confirms, and deletes what is confirmed.

Nothing is deleted before its confirm, so whatever happens to the broker, the database or the relay, an event is sent
once more rather than lost. While one of them is away the relay waits, says so once, and goes on by itself.
"""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import structlog

from producers.relay.events import render, routing_key
from producers.relay.link import Link, LinkLost
from producers.relay.share import Share
from producers.relay.window import Window
from schema.errors import NotStored, Unreachable
from schema.lifecycle import Product
from schema.store.database import Database
from schema.store.outbox import Sent, unsent
from schema.store.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a relay has in hand, and how long it waits for what."""

    #: Events that are sent and unconfirmed at once.
    window: int = 1_000
    #: Events in one read.
    batch: int = 1_000
    #: Confirmed events that are deleted at once, while more are on their way.
    deletion: int = 200
    lease: timedelta = timedelta(seconds=15)
    #: Between two reads: while events come, and when none came.
    busy: timedelta = timedelta(milliseconds=50)
    idle: timedelta = timedelta(milliseconds=250)
    #: Between two reads at the least, however often it is woken.
    breath: timedelta = timedelta(milliseconds=10)
    #: A broker that confirms nothing for so long is left.
    confirm: timedelta = timedelta(seconds=30)
    #: Before the first and the later tries to reach a broker that is away, and to send what it refused.
    retry: timedelta = timedelta(milliseconds=250)
    retry_at_most: timedelta = timedelta(seconds=5)
    #: How long a relay that stops waits for confirms and deletions.
    farewell: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Progress:
    """How a relay stands: when it last had a look, whether it has a broker, and what it has in hand."""

    looked_at: datetime | None
    is_connected: bool
    sent: int
    waiting: int
    unconfirmed: int


class Relay:
    """Sends the events of its share of the outbox, on the thread that calls `run`."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        products: Mapping[str, Product],
        url: str,
        pace: Pace | None = None,
    ) -> None:
        self.source = "turnup"
        self._database = database
        self._writer = writer
        self._products = products
        self._url = url
        self._pace = pace or Pace()
        self._share = Share(writer, self._pace.lease, self.wake)
        self._window = Window(self._pace.window)
        self._link: Link | None = None
        self._stranded: set[int] = set()
        self._confirmed: list[int] = []
        self._deletions: list[tuple[Future[list[Any]], list[int]]] = []
        self._reads_at = self._sends_at = self._heard_at = 0.0
        self._is_broker_gone = self._is_database_gone = False
        self._retry = self._pace.retry
        self._looked_at: datetime | None = None
        self._sent = 0

    @property
    def progress(self) -> Progress:
        """How the relay stands; may be asked by any thread."""
        window = self._window
        connected = self._link is not None
        return Progress(self._looked_at, connected, self._sent, window.waiting, window.unconfirmed)

    def wake(self) -> None:
        """Let the relay look for events now; may be called by any thread."""
        self._reads_at = 0.0
        if link := self._link:
            link.wake()

    def run(self, stop: Event) -> None:
        """Send events until stopped; then wait a little for confirms, and give everything up."""
        while not stop.is_set():
            try:
                self._link = self._link or self._connect()
                self._pass()
            except LinkLost as error:
                self._lose(str(error))
                stop.wait(self._retry.total_seconds())
        self._leave()
