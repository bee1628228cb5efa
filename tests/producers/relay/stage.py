"""What the tests of the relay share: a database with events, a queue that gets them, and waiting."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pika
from sqlalchemy import func, select, update

from producers.relay.link import EXCHANGE
from producers.relay.pace import Pace
from producers.relay.relay import Relay
from schema.customer import Customer
from schema.discovery import find_products
from schema.store.acceptance import Accept
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.order import Order
from schema.store.transaction import Line, Transaction, Written, events_in
from schema.store.versions import upgrade
from schema.store.writer import Writer
from schema.tables import OPERATION, operation, outbox, service


@dataclass(frozen=True, slots=True)
class Tell:
    """Write lines into the history of an owner record, and their events into the outbox."""

    kind: int
    owner: int
    lines: tuple[Line, ...]
    operation: int | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Tell"]) -> list[None]:
        """Raise the counters and write."""
        for record in records:
            table = operation if record.kind == OPERATION else service
            counters = update(table).where(table.c.id == record.owner)
            counters = counters.values(
                number=table.c.number + len(record.lines),
                sequence=table.c.sequence + events_in(record.lines),
            )
            returned = counters.returning(table.c.number, table.c.sequence)
            row = transaction.connection.execute(returned).one()
            counted = (record.kind, record.owner, row.number, row.sequence)
            written = Written(*counted, record.lines, record.operation)
            transaction.write_history([written])
        return [None for _ in records]


class Stage:
    """A database with its writer, in which things can happen."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        upgrade(self.database, movable_clock=True)
        self.products = find_products()
        self.writer = Writer(self.database, self.products, publishes=True)
        self.writer.start()
        self.writer.store(ChangeCustomer("acme", Customer(version=1, name="Acme")))

    def close(self) -> None:
        self.writer.stop()
        self.database.close()

    def accept(self, count: int) -> list[int]:
        """Accept so many commands, and return their operations; each has its first event."""
        orders = tuple(
            Order("cloud_pbx", "activate", "acme", f"pbx-{n}", "crm", str(n), "h", "jane", "{}")
            for n in range(count)
        )
        answers = self.writer.store(Accept(orders))
        return [answer.operation for answer in answers]

    def tell(self, operations: Sequence[int], event: str = "waiting") -> None:
        """Let the same happen to each of these operations, in one transaction."""
        line = Line(event, "worker", after="waiting", event=event)
        self.writer.submit([Tell(OPERATION, key, (line,)) for key in operations]).result(30)

    def unsent(self) -> int:
        """How many rows the outbox has."""
        with self.database.look() as connection:
            return int(connection.execute(select(func.count()).select_from(outbox)).scalar_one())

    def relay(self, url: str, pace: Pace | None = None) -> Relay:
        return Relay(self.database, self.writer, self.products, url, pace)

    @contextmanager
    def relaying(self, url: str, pace: Pace | None = None) -> Iterator[Relay]:
        """A relay on a thread of its own."""
        relay, stop = self.relay(url, pace), threading.Event()
        thread = threading.Thread(target=relay.run, args=(stop,), name="relay")
        thread.start()
        try:
            yield relay
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()


class Queue:
    """A quorum queue bound to the exchange of all events, and what has been read from it."""

    def __init__(self, url: str, name: str, **arguments: str | int) -> None:
        self.url, self.name = url, name
        self.events: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.properties: list[Any] = []
        with self.channel() as channel:
            channel.exchange_declare(EXCHANGE, "topic", durable=True)
            channel.queue_declare(
                name, durable=True, arguments={"x-queue-type": "quorum", **arguments}
            )
            channel.queue_bind(name, EXCHANGE, "#")

    @contextmanager
    def channel(self) -> Iterator[Any]:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            yield connection.channel()
        finally:
            connection.close()

    def read(self) -> None:
        """Take all that is there."""
        with self.channel() as channel:
            while (delivery := channel.basic_get(self.name, auto_ack=True))[0] is not None:
                self.keys.append(delivery[0].routing_key)
                self.properties.append(delivery[1])
                self.events.append(json.loads(delivery[2]))

    def delete(self) -> None:
        with self.channel() as channel:
            channel.queue_delete(self.name)

    def first_deliveries(self) -> dict[str, list[int]]:
        """The sequences of each owner record in the order in which each came first."""
        found: dict[str, list[int]] = {}
        for event in self.events:
            line = found.setdefault(event["partitionkey"], [])
            if (sequence := int(event["sequence"])) not in line:
                line.append(sequence)
        return found

    def by_source(self) -> Counter[str]:
        return Counter(event["source"] for event in self.events)


@contextmanager
def passing_queue(url: str, name: str, **arguments: str | int) -> Iterator[Queue]:
    """A queue for one test."""
    queue = Queue(url, name, **arguments)
    try:
        yield queue
    finally:
        queue.delete()


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Look again and again whether something is so; fail when it does not become so in time."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while not is_so():
        assert time.monotonic() < until, "it did not happen in time"
        pause.wait(0.01)
