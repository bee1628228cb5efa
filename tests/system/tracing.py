"""Reads along with a broker: every message that is published to it or leaves it, whoever it is for."""

from typing import Self

from tests.servers.rabbit import RabbitServer
from tests.system.publisher import channel_to


class Trace:
    """A queue at the broker's tracer; messages on it are copies, with headers and all."""

    def __init__(self, server: RabbitServer, name: str) -> None:
        self._server = server
        self._name = name

    def __enter__(self) -> Self:
        self._server.ctl("trace_on")
        channel = channel_to(self._server.url)
        channel.queue_declare(self._name, durable=True)
        channel.queue_bind(self._name, "amq.rabbitmq.trace", "#")
        channel.connection.close()
        return self

    def __exit__(self, *_: object) -> None:
        channel = channel_to(self._server.url)
        channel.queue_delete(self._name)
        channel.connection.close()
        self._server.ctl("trace_off")

    def read(self) -> dict[str, bytes]:
        """Take out all that was seen, by exchange or queue."""
        found: dict[str, bytes] = {}
        channel = channel_to(self._server.url)
        while (taken := channel.basic_get(self._name, auto_ack=True))[0] is not None:
            method, properties, body = taken
            seen = body + repr(properties.headers).encode() + b"\n"
            found[method.routing_key] = found.get(method.routing_key, b"") + seen
        channel.connection.close()
        return found
