"""The relay: reads unsent events, sends them with pipelined confirms, deletes what is confirmed.

Nothing is deleted before its confirm, so whatever happens to the broker, the database or the relay,
an event is sent once more rather than lost. While one of them is away the relay waits, says so
once, and goes on by itself.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

import structlog

from producers.outages import Outages
from producers.presence import WAITING_RELAY, Presence
from producers.relay.deletions import Deletions
from producers.relay.events import render, routing_key
from producers.relay.link import Link, LinkLost
from producers.relay.pace import Pace
from producers.relay.share import Share
from producers.relay.window import Window
from schema.errors import Unreachable
from schema.lifecycle import Product
from schema.store.database import Database
from schema.store.outbox import OutgoingEvent, unsent
from schema.store.stillness import Stillness
from schema.store.writer import Writer

log = structlog.get_logger()

#: So many confirms, and the relay looks what it can send and delete; less would be busywork.
HANDFUL = 200

#: So many batches may wait for their deletion before no more are read.
DELETIONS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """How a relay stands: when it last had a look, whether it has a broker, what it has in hand and has left."""

    looked_at: datetime | None
    is_connected: bool
    sent: int
    waiting: int
    unconfirmed: int
    left: int = 0


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
        self._database = database
        self._writer = writer
        self._products = products
        self._url = url
        self._pace = pace or Pace()
        self._share = Share(writer, self._pace.lease, self.wake)
        self._window = Window(self._pace.window)
        self._deletions = Deletions(writer, self._window.forget)
        self._outages = Outages("relay")
        self._stillness = Stillness(database)
        #: The partitions in which it found nothing.
        self._empty: tuple[int, ...] = ()
        self._link: Link | None = None
        #: Without a broker it holds nothing, so that others send; then this shows that it lives.
        self._presence: Presence | None = None
        #: Events of unknown products; what has been sent by a newer relay meanwhile is not met again.
        self._left: set[int] = set()
        self._forgets_at = 0.0
        self._is_wanted = False
        self._read_at = self._reads_at = self._sends_at = self._heard_at = self._linked_at = 0.0
        self._retry = self._pace.retry
        self._looked_at: datetime | None = None
        self._sent = self._handful = 0

    @property
    def progress(self) -> Progress:
        """How the relay stands; may be asked by any thread."""
        window, is_connected = self._window, self._link is not None
        in_hand = (self._sent, window.waiting, window.unconfirmed, len(self._left))
        return Progress(self._looked_at, is_connected, *in_hand)

    def wake(self) -> None:
        """Let the relay look for events now; may be called by any thread."""
        self._is_wanted = True
        if link := self._link:
            link.wake()

    def run(self, stop: Event) -> None:
        """Send events until stopped; then wait a little for confirms, and give everything up."""
        try:
            while not stop.is_set():
                try:
                    self._pass(self._link or self._connect())
                except LinkLost as error:
                    self._lose(str(error))
                    stop.wait(self._retry)
                    self._retry = min(2 * self._retry, self._pace.retry_at_most)
        finally:
            self._leave()

    def confirmed(self, tag: int, *, up_to: bool) -> None:
        """Let go of what the broker has."""
        ids = self._window.confirm(tag, up_to=up_to)
        self._deletions.add(ids)
        self._sent += len(ids)
        self._outages.over("broker_refuses", "broker_takes_again")
        self._heard(len(ids))

    def refused(self, tag: int, *, up_to: bool) -> None:
        """Send what the broker could not take again, after a while."""
        many = self._window.refuse(tag, up_to=up_to)
        self._outages.note("broker_refuses", "a queue takes no more")
        self._sends_at = time.monotonic() + self._pace.retry
        self._heard(many)

    def _heard(self, answers: int) -> None:
        """Note that the broker answers; look up at a handful of answers, and at the last one."""
        self._heard_at = time.monotonic()
        self._handful += answers
        if self._link and (self._handful >= HANDFUL or not self._window.unconfirmed):
            self._handful = 0
            self._link.stir()

    def _pass(self, link: Link) -> None:
        """Delete, read and send what there is, then serve the link until something happens."""
        self._looked_at = datetime.now(UTC)
        self._deletions.settle()
        partitions = self._share.held()
        if self._is_time_to_read():
            self._read(partitions)
        self._send(link)
        link.serve(self._pause())

    def _is_time_to_read(self) -> bool:
        """Return whether more can be taken in hand, and it is time to look."""
        if self._is_wanted:
            self._is_wanted = False
            self._reads_at = min(self._reads_at, self._read_at + self._pace.breath)
        return self._has_room() and time.monotonic() >= self._reads_at

    def _has_room(self) -> bool:
        """Return whether more can be taken in hand: what comes in has to go out as well."""
        in_hand = max(self._window.waiting, len(self._deletions) // DELETIONS)
        return in_hand < self._pace.batch

    def _read(self, partitions: tuple[int, ...]) -> None:
        """Take unsent events in hand; those of an unknown product are a newer relay's (I11)."""
        if (now := time.monotonic()) >= self._forgets_at:
            if self._left:
                self._stillness.forget()
            self._left.clear()
            self._forgets_at = now + self._pace.forget
        try:
            events = self._unsent(partitions)
        except Unreachable as error:
            self._outages.note("database_gone", str(error))
            self._next_read(self._pace.idle)
            return
        self._outages.over("database_gone", "database_answers_again")
        ours = [event for event in events if event.product in self._products]
        self._left.update(event.id for event in events if event.product not in self._products)
        self._window.add(ours)
        is_all = len(events) < self._pace.batch
        self._next_read((self._pace.busy if events else self._pace.idle) if is_all else 0.0)

    def _unsent(self, partitions: tuple[int, ...]) -> list[OutgoingEvent]:
        """Return events that are not in hand, unless nothing can have come since there were none."""
        if self._stillness.lasts() and partitions == self._empty:
            return []
        known = self._window.known() | self._left
        with self._database.look() as connection:
            events = unsent(connection, partitions, self._pace.batch, known)
        if events:
            self._stillness.forget()
        else:
            self._stillness.note()
            self._empty = partitions
        return events

    def _next_read(self, pause: float) -> None:
        """Set when to look for events again."""
        self._read_at = time.monotonic()
        self._reads_at = self._read_at + pause

    def _send(self, link: Link) -> None:
        """Send what may be sent; leave a link on which nothing has been answered for too long."""
        now = time.monotonic()
        if link.is_blocked or not self._window.unconfirmed:
            self._heard_at = now
        if now - self._heard_at > self._pace.confirm:
            raise LinkLost("it confirms nothing")
        while not link.is_blocked and now >= self._sends_at and (event := self._window.next()):
            link.publish(routing_key(event), self._rendered(event))

    def _rendered(self, event: OutgoingEvent) -> bytes:
        """Return the event's message."""
        return render(event, self._products[event.product], self._pace.source)

    def _pause(self) -> float:
        """Return how long to wait when nothing happens, in seconds."""
        until = self._reads_at if self._has_room() else float("inf")
        if self._window.waiting and self._sends_at > time.monotonic():
            until = min(until, self._sends_at)
        return max(0.0, min(until - time.monotonic(), self._pace.idle))

    def _connect(self) -> Link:
        """Open a link."""
        link = Link(self._url, self)
        try:
            link.open()
        except LinkLost:
            link.close()
            raise
        self._outages.over("broker_gone", "broker_answers_again")
        self._linked_at = self._heard_at = time.monotonic()
        self._sends_at = 0.0
        self._link = link
        self._show_no_longer()
        return link

    def _lose(self, reason: str) -> None:
        """Forget a link, and with it all that it has not confirmed: the rows are still there."""
        self._outages.note("broker_gone", reason)
        self._share.release()
        if self._presence is None:
            self._presence = Presence(self._writer, WAITING_RELAY, self._pace.lease)
            self._presence.start()
        if self._link:
            if time.monotonic() - self._linked_at > self._pace.retry_at_most:
                self._retry = self._pace.retry
            link, self._link = self._link, None
            link.close()
        self._window.clear()
        self._stillness.forget()
        self._reads_at = 0.0
        self._deletions.settle()

    def _leave(self) -> None:
        """Wait for the confirms that are under way, delete, and give up the share."""
        until = time.monotonic() + self._pace.farewell
        try:
            while self._link and self._window.unconfirmed and not self._link.is_blocked:
                if time.monotonic() > until:
                    break
                self._link.serve(self._pace.busy)
        except LinkLost as error:
            self._lose(str(error))
        self._deletions.finish(self._pace.farewell)
        self._share.release()
        self._show_no_longer()
        if self._link:
            link, self._link = self._link, None
            link.close()

    def _show_no_longer(self) -> None:
        """Stop showing that it waits for a broker: its share shows that it lives, or it does not."""
        if self._presence:
            self._presence.stop()
            self._presence = None
