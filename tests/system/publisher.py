"""An upstream system that publishes commands over AMQP, again where the broker did not say that it has them."""

import json
import threading
from collections import deque
from typing import Any, Self

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from tests.servers.rabbit import RabbitServer, is_ready
from tests.system.orders import Command, Ledger
from tests.system.waiting import rest

QUEUE, REJECTED = "turnup.commands", "turnup.commands.rejected"

#: Between two commands, or two looks for one, and before another try to reach the broker, in seconds.
PACE, RETRY = 0.01, 0.2


class Publisher:
    """Publishes on a thread of its own while the block runs; the answers are kept in a queue."""

    def __init__(self, url: str, name: str, ledger: Ledger) -> None:
        self._url = url
        self._answers = name
        self._ledger = ledger
        self._waiting: deque[Command] = deque()
        self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        channel = channel_to(self._url)
        arguments = {"x-queue-type": "quorum"}
        channel.queue_declare(self._answers, durable=True, arguments=arguments)
        channel.connection.close()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        channel = channel_to(self._url)
        channel.queue_delete(self._answers)
        channel.connection.close()

    def send(self, *commands: Command) -> None:
        """Publish commands after those that wait already."""
        for each in commands:
            self._ledger.attempt(each["id"])
            self._waiting.append(each)

    @property
    def is_done(self) -> bool:
        """Whether the broker has everything."""
        return not self._waiting

    def read(self) -> None:
        """Note every answer that has come."""
        channel = channel_to(self._url)
        while (found := channel.basic_get(self._answers, auto_ack=True))[0] is not None:
            _, properties, body = found
            told = json.loads(body)
            outcome = {"operation": told} if "id" in told else {"problem": told}
            self._ledger.answer(properties.correlation_id, outcome)
        channel.connection.close()

    def _work(self) -> None:
        """Publish whatever waits, for as long as the broker is there, until the block ends."""
        port = pika.URLParameters(self._url).port
        while not self._stop.is_set():
            if not is_ready(port):
                rest(RETRY)
                continue
            try:
                self._publish_all(channel_to(self._url))
            except (AMQPError, OSError):
                rest(RETRY)

    def _publish_all(self, channel: BlockingChannel) -> None:
        """Publish one after the other; one that the broker did not confirm stays the first."""
        channel.confirm_delivery()
        while not self._stop.is_set():
            if self._waiting:
                self._publish(channel, self._waiting[0])
                self._ledger.publish(self._waiting[0]["id"])
                self._waiting.popleft()
            channel.connection.sleep(PACE)
        channel.connection.close()

    def _publish(self, channel: BlockingChannel, command: Command) -> None:
        """Publish one, and return when the broker has it."""
        properties = pika.BasicProperties(
            content_type="application/cloudevents+json",
            delivery_mode=pika.DeliveryMode.Persistent.value,
            correlation_id=command["id"],
            reply_to=self._answers,
        )
        key = command["type"].removeprefix("turnup.")
        body = json.dumps(command).encode()
        channel.basic_publish(QUEUE, key, body, properties, mandatory=True)


def channel_to(url: str) -> Any:
    """Return a channel on a connection of its own."""
    return pika.BlockingConnection(pika.URLParameters(url)).channel()


def consumers(url: str) -> int:
    """Return how many take commands from the broker; 0 while it is away, or nobody has come yet."""
    try:
        channel = channel_to(url)
        count = int(channel.queue_declare(QUEUE, passive=True).method.consumer_count)
        channel.connection.close()
    except (AMQPError, OSError):
        return 0
    return count


def purge(url: str) -> None:
    """Take out what others have left among the rejected."""
    channel = channel_to(url)
    channel.queue_purge(REJECTED)
    channel.connection.close()


def is_empty(rabbit: RabbitServer) -> bool:
    """Return whether every command was acknowledged."""
    listed = rabbit.ctl("list_queues", "name", "messages", "--no-table-headers")
    counts = dict(line.split() for line in listed.splitlines())
    return counts[QUEUE] == "0"
