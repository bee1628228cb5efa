"""What the tests of the AMQP door share: an upstream system, and a door on a thread of its own."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pika

from producers.amqp.batch import Batches
from producers.amqp.door import Door, Pace
from producers.amqp.topology import COMMANDS, EVENTS, REJECTED, channel_to
from tests.producers.events import Event
from tests.producers.relay.stage import wait_until

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

TOLD = "upstream.events"

BRISK = Pace(idle=0.02, retry=0.02, retry_at_most=0.1, farewell=1)


class Got:
    """One message that came back."""

    def __init__(self, method: Any, properties: Any, body: bytes) -> None:
        self.key: str = method.routing_key
        self.properties = properties
        self.headers: dict[str, Any] = properties.headers or {}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Upstream:
    """Publishes commands, and reads what comes back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._channel = channel_to(url)
        for queue in (COMMANDS, REJECTED):
            self._channel.queue_purge(queue)
        self._channel.queue_declare(TOLD)
        self._channel.queue_bind(TOLD, EVENTS, "#")
        self._channel.queue_purge(TOLD)
        self._channel.confirm_delivery()
        self.answers = self._channel.queue_declare("", exclusive=True).method.queue

    def close(self) -> None:
        self._channel.connection.close()

    def send(self, event: object, **properties: Any) -> None:
        """Publish one structured event."""
        self.send_raw(json.dumps(event).encode(), content_type=STRUCTURED, **properties)

    def send_all(self, events: Sequence[object], **properties: Any) -> None:
        """Publish a batch in one message."""
        self.send_raw(json.dumps(events).encode(), content_type=BATCH, **properties)

    def send_binary(self, event: Event, spelling: str, **more: Any) -> None:
        """Publish one event whose attributes are headers."""
        headers = {spelling + name: value for name, value in event.items() if name != "data"}
        body = json.dumps(event["data"]).encode()
        self.send_raw(body, content_type="application/json", headers={**headers, **more})

    def send_raw(self, body: bytes, **properties: Any) -> None:
        """Publish anything."""
        self.publish(body, pika.BasicProperties(**properties))

    def publish(self, body: bytes, properties: pika.BasicProperties) -> None:
        """Publish anything with any properties; the broker has it then."""
        self._channel.basic_publish(COMMANDS, "any.key", body, properties, mandatory=True)

    def ask(self, event: object, identity: str = "1") -> Got:
        """Publish one structured event, and return what it is answered with."""
        self.send(event, reply_to=self.answers, correlation_id=identity)
        return self.answer()

    def answer(self) -> Got:
        """Wait for one answer."""
        return self._one(self.answers)

    def rejected(self) -> Got:
        """Wait for one message that could not be accepted, and take it."""
        return self._one(REJECTED)

    def event(self) -> Got:
        """Wait for one event."""
        return self._one(TOLD)

    def rejections(self, count: int) -> list[Got]:
        """Wait for so many messages that could not be accepted."""
        return [self.rejected() for _ in range(count)]

    def count(self, queue: str) -> int:
        """Return how many messages wait in a queue; those in somebody's hands are not counted."""
        return int(self._channel.queue_declare(queue, passive=True).method.message_count)

    def _one(self, queue: str) -> Got:
        found: list[Got] = []

        def look() -> bool:
            method, properties, body = self._channel.basic_get(queue, auto_ack=True)
            if method:
                found.append(Got(method, properties, body))
            return bool(found)

        wait_until(look)
        return found[0]


@contextmanager
def upstream_of(url: str) -> Iterator[Upstream]:
    """An upstream system for one test."""
    upstream = Upstream(url)
    try:
        yield upstream
    finally:
        upstream.close()


@contextmanager
def at_work(batches: Batches, url: str, pace: Pace = BRISK) -> Iterator[threading.Event]:
    """A door that works while the block runs; the event ends it before."""
    stop = threading.Event()
    thread = threading.Thread(target=Door(batches, url, pace).run, args=(stop,), name="intake")
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
