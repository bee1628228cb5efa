"""An upstream system's queue: bound to every event, and read at the end in the order of delivery."""

import json
from typing import Any, Self

import pika
from pika.adapters.blocking_connection import BlockingChannel

EXCHANGE = "turnup.events"


class Mailbox:
    """A queue that outlives the broker's restarts; removed at the end of the block."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name

    def __enter__(self) -> Self:
        channel = self._channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(self._name, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(self._name, EXCHANGE, "#")
        channel.connection.close()
        return self

    def __exit__(self, *_: object) -> None:
        channel = self._channel()
        channel.queue_delete(self._name)
        channel.connection.close()

    def read(self) -> list[dict[str, Any]]:
        """Take out all events that have come."""
        events = []
        channel = self._channel()
        while True:
            method, _, body = channel.basic_get(self._name, auto_ack=True)
            if method is None:
                break
            events.append(json.loads(body))
        channel.connection.close()
        return events

    def _channel(self) -> BlockingChannel:
        """Connect anew: the broker may have been restarted."""
        return pika.BlockingConnection(pika.URLParameters(self._url)).channel()
