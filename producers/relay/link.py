"""The link: one connection to the broker that publishes without waiting, from its birth to its end.

Everything happens on the thread that calls `serve`; only `wake` may be called by others.
"""

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

import pika
import structlog
from pika.adapters.select_connection import IOLoop
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.channel import Channel
from pika.exceptions import AMQPError
from pika.frame import Method

from producers.relay.events import CONTENT_TYPE
from schema.queue import said

log = structlog.get_logger()

#: The topic exchange of all public events (DESIGN 4).
EXCHANGE = "turnup.events"

#: How long each part of making a connection may take, and all of closing it, in seconds.
PATIENCE, FAREWELL = 10.0, 2.0

#: One object for all events: making it costs as much as sending it.
_EVENT = pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=pika.DeliveryMode.Persistent)


#: What pika raises where a broker does not answer, or not any more; of one that says nothing it is no `AMQPError`.
GONE = (AMQPError, AMQPConnectorException, OSError)


class LinkLost(Exception):
    """Raised when the broker cannot be reached, or not any longer; says why."""


class Listener(Protocol):
    """Is told what became of published messages; a tag counts those of one link from 1."""

    def confirmed(self, tag: int, *, up_to: bool) -> None:
        """The broker has this message, or all `up_to` it."""

    def refused(self, tag: int, *, up_to: bool) -> None:
        """The broker could not take this message, or all `up_to` it."""


class Link:
    """One connection, channel and exchange, with confirms."""

    def __init__(self, url: str, listener: Listener) -> None:
        self._url = url
        self._listener = listener
        self._connection: Any = None
        self._channel: Any = None
        self._lost = ""
        self._is_woken = False
        self._loop = IOLoop()
        self.is_ready = False
        self.is_blocked = False

    def open(self) -> None:
        """Connect, and return when events can be published; raise `LinkLost` otherwise."""
        self._loop.activate_poller()
        self._connection = _Connection(
            parameters=parameters(self._url),
            on_open_callback=self._opened,
            on_open_error_callback=self._ended,
            on_close_callback=self._ended,
            custom_ioloop=self._loop,
        )
        self._poll_until(lambda: self.is_ready, 2 * PATIENCE)
        if not self.is_ready:
            raise LinkLost("it does not answer")

    def publish(
        self,
        key: str,
        body: bytes,
        properties: pika.BasicProperties = _EVENT,
        exchange: str = EXCHANGE,
    ) -> None:
        """Hand over one message, an event unless told; its tag is one more than the last one's."""
        try:
            self._channel.basic_publish(exchange, key, body, properties)
        except AMQPError as error:
            raise LinkLost(self._lost or repr(error)) from error

    def serve(self, seconds: float) -> None:
        """Send and receive until woken, at most for this long; raise `LinkLost` where it ends."""
        self._poll_until(lambda: self._is_woken, seconds)
        self._is_woken = False

    def wake(self) -> None:
        """End the present `serve`, or the next one; may be called by any thread."""
        self._loop.add_callback_threadsafe(self.stir)

    def stir(self) -> None:
        """End the present `serve`."""
        self._is_woken = True

    def close(self) -> None:
        """Close what is open; never raises."""
        connection = self._connection
        with contextlib.suppress(*GONE):
            if not (connection.is_closing or connection.is_closed):
                connection.close()
            self._poll(lambda: connection.is_closed, FAREWELL)
        self._loop.close()

    def _poll_until(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Send and receive until that is so, at most for this long; raise where the link ends."""
        self._poll(lambda: bool(self._lost) or is_done(), seconds)
        if self._lost:
            raise LinkLost(self._lost)

    def _poll(self, is_done: Callable[[], bool], seconds: float) -> None:
        """Send and receive until that is so, at most for this long."""
        until = time.monotonic() + seconds
        timer = self._loop.call_later(seconds, lambda: None)
        while not is_done() and time.monotonic() < until:
            self._connection.send()
            self._loop.poll()
            self._loop.process_timeouts()
        self._loop.remove_timeout(timer)

    def _opened(self, connection: pika.SelectConnection) -> None:
        """Open the channel on a new connection."""
        connection.add_on_connection_blocked_callback(self._blocked)
        connection.add_on_connection_unblocked_callback(self._unblocked)
        connection.channel(on_open_callback=self._channel_opened)

    def _channel_opened(self, channel: Channel) -> None:
        """Declare the exchange."""
        self._channel = channel
        channel.add_on_close_callback(self._ended)
        channel.exchange_declare(EXCHANGE, "topic", durable=True, callback=self._declared)

    def _declared(self, _frame: object) -> None:
        """Ask for confirms."""
        self._channel.confirm_delivery(self._answered, callback=self._selected)

    def _selected(self, _frame: object) -> None:
        """Be ready."""
        self.is_ready = True

    def _answered(self, frame: Method) -> None:
        """Hand on what the broker said about messages."""
        answer = frame.method
        is_taken = isinstance(answer, pika.spec.Basic.Ack)
        tell = self._listener.confirmed if is_taken else self._listener.refused
        tell(answer.delivery_tag, up_to=answer.multiple)

    def _blocked(self, _connection: object, frame: Method) -> None:
        """Note an alarm of the broker: it takes nothing until it says so."""
        self.is_blocked = True
        log.warning("broker_blocks", reason=frame.method.reason)

    def _unblocked(self, _connection: object, _frame: object) -> None:
        """Note the end of the alarm."""
        self.is_blocked = False
        self.stir()
        log.info("broker_takes_again")

    def _ended(self, _which: object, reason: object) -> None:
        """Note that the connection or its channel is closed, and why."""
        self._lost = self._lost or said(reason)


class _Connection(pika.SelectConnection):  # type: ignore[misc]  # it has no types
    """Sends together what is published at once: pika sends each of a message's three frames by itself."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401  pika's own
        self._gathered: list[bytes] = []
        super().__init__(**given)

    def send(self) -> None:
        """Hand over to the socket what was gathered."""
        if self._gathered and not self.is_closed:
            super()._adapter_emit_data(b"".join(self._gathered))
            self._gathered.clear()

    def _adapter_emit_data(self, data: bytes) -> None:
        """Keep data until the next `send`; here pika lets each kind of connection send in its own way."""
        self._gathered.append(data)


def parameters(url: str, patience: float = PATIENCE) -> pika.URLParameters:
    """Return how to connect: once, for whoever calls tries again by himself, each part taking so many seconds."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it reports, it raises as well
    found = pika.URLParameters(url)
    found.connection_attempts = 1
    found.socket_timeout = found.stack_timeout = patience
    return found
