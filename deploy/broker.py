"""The broker that carries offers over RabbitMQ.

Offers may be lost, so nothing here waits for a broker or keeps what it did not take. dramatiq's own
`RabbitmqBroker` is not used: it makes a delay queue and a dead-letter queue beside each queue, lets
whoever publishes wait for a connection, and can acknowledge another message after it reconnected.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import pika
import structlog
from dramatiq import Broker, Message
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import DecodeError
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

from deploy.kinds import without_password
from deploy.outage import Outage
from schema.errors import TurnupError
from schema.queue import said

log = structlog.get_logger()

#: A wake-up queue has no dead-letter exchange: what it drops is found again in the database.
QUEUE_ARGUMENTS = {
    "x-queue-type": "classic",
    "x-max-length": 10_000,
    "x-overflow": "drop-head",
}

#: The most messages that wait for a broker; beyond, the oldest are dropped.
BUFFER = 1_000

#: How long each part of making a connection may take, in seconds.
PATIENCE = 5.0

#: Between two tries to reach a broker that is away, in seconds.
RETRY = 1.0

#: How often a publisher that has nothing to say looks whether its broker is there, in seconds.
HEARTBEAT = 1.0


#: What pika raises where a broker does not answer, or not any more; of one that says nothing it is no `AMQPError`.
GONE = (AMQPError, AMQPConnectorException, OSError)

#: How whoever consumes finds it gone; a connection that closes under pika's hands is a `ValueError` there.
CUT_OFF = (*GONE, StopIteration, ValueError)


class BrokerUnreachable(TurnupError):
    """Raised at start when the broker does not answer, or does not let us in; `why` is its own word."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"the broker {without_password(url)} cannot be used: {why}")
        self.why = why


def rabbit_broker(url: str) -> "RabbitBroker":
    """Return the broker for a RabbitMQ; nothing is connected before it is used."""
    return RabbitBroker(url)


def require_broker(url: str, patience: float = PATIENCE) -> None:
    """Raise `BrokerUnreachable` unless a RabbitMQ lets us in; later its absence is waited out."""
    try:
        _close(_channel(url, patience))
    except GONE as error:
        raise BrokerUnreachable(url, said(error)) from error


class RabbitBroker(Broker):
    """Carries messages over RabbitMQ, at most once, without middleware, delays and dead letters."""

    def __init__(self, url: str) -> None:
        super().__init__(middleware=[])
        self._outage = Outage()
        self._url = url
        self._publisher = _Publisher(url, self._outage)

    def declare_queue(self, queue_name: str) -> None:
        """Know a queue; it is made where it is used."""
        if queue_name not in self.queues:
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Hand a message to the publisher, and return at once."""
        if delay is not None:
            raise ValueError("waiting lives in the database, never in the broker")
        self._publisher.publish(message.queue_name, message.encode())
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 1_000) -> Consumer:
        """Return the messages of a queue, a None after every `timeout` milliseconds without one."""
        return _Deliveries(self._url, self._outage, queue_name, (prefetch, timeout / 1_000))

    def close(self) -> None:
        """Publish what is waiting, if that can be done at once, and end."""
        self._publisher.stop()


class _Publisher:
    """Publishes on a thread of its own, without confirms: a door never waits for a broker."""

    def __init__(self, url: str, outage: Outage) -> None:
        self._url = url
        self._outage = outage
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=BUFFER)
        self._there = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._channel: BlockingChannel | None = None
        self._declared: set[str] = set()

    def publish(self, queue: str, body: bytes) -> None:
        """Leave a message to the thread; the first one starts it."""
        self._waiting.append((queue, body))
        self._there.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="offers", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End the thread; one that hangs on a broker is left behind."""
        self._stopped.set()
        self._there.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        """Publish what comes, until stopped."""
        while not self._stopped.is_set():
            self._there.wait(HEARTBEAT)
            self._there.clear()
            try:
                self._drain()
            except GONE as error:
                self._outage.note(self, error)
                self._close()
                self._waiting.clear()
                self._stopped.wait(RETRY)
        self._close()

    def _drain(self) -> None:
        """Publish what is waiting, and see what the broker says."""
        channel = self._channel or self._open()
        while self._waiting:
            queue, body = self._waiting.popleft()
            if queue not in self._declared:
                _declare(channel, queue)
                self._declared.add(queue)
            channel.basic_publish("", queue, body)
        channel.connection.process_data_events(0)
        self._outage.over(self)

    def _open(self) -> BlockingChannel:
        """Connect anew."""
        self._declared.clear()
        self._channel = _channel(self._url)
        return self._channel

    def _close(self) -> None:
        """Let go of the connection."""
        if self._channel is not None:
            _close(self._channel)
        self._channel = None


class _Deliveries(Consumer):
    """The messages of one queue; while the broker is away there are none."""

    def __init__(self, url: str, outage: Outage, queue: str, room: tuple[int, float]) -> None:
        self._url = url
        self._outage = outage
        self._queue = queue
        self._prefetch, self._timeout = room
        self._channel: BlockingChannel | None = None
        self._incoming: Iterator[tuple[pika.spec.Basic.Deliver, object, bytes]] = iter(())

    def __next__(self) -> "_Delivery | None":
        """Return the next message, or None when none came in time."""
        try:
            channel = self._channel or self._open()
            method, _, body = next(self._incoming)
        except CUT_OFF as error:
            self._outage.note(self, error)
            self.close()
            time.sleep(self._timeout)
            return None
        return self._read(channel, method.delivery_tag, body) if method else None

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge a message where it came from: after a reconnection it has no claim on others."""
        if isinstance(message, _Delivery):
            message.acknowledge()

    def nack(self, message: MessageProxy) -> None:
        """Drop a message that this program has no use for."""
        self.ack(message)

    def close(self) -> None:
        """Let go of the connection; what is unacknowledged goes to somebody else."""
        if self._channel is not None:
            _close(self._channel)
        self._channel = None

    def _open(self) -> BlockingChannel:
        """Connect and begin to consume."""
        channel = _channel(self._url)
        self._channel = channel
        _declare(channel, self._queue)
        channel.basic_qos(prefetch_count=self._prefetch)
        self._incoming = channel.consume(self._queue, inactivity_timeout=self._timeout)
        self._outage.over(self)
        return channel

    def _read(self, channel: BlockingChannel, tag: int, body: bytes) -> "_Delivery | None":
        """Return a message as dramatiq knows it; drop one that is none."""
        try:
            return _Delivery(Message.decode(body), channel, tag)
        except DecodeError:
            log.warning("offer_unreadable", queue=self._queue)
            channel.basic_ack(tag)
            return None


class _Delivery(MessageProxy):
    """A message and the channel that it came by."""

    def __init__(self, message: Message[Any], channel: BlockingChannel, tag: int) -> None:
        super().__init__(message)
        self._acknowledge = partial(channel.basic_ack, tag)
        self._channel = channel

    def acknowledge(self) -> None:
        """Acknowledge it on its own channel, from any thread; nothing where that is closed."""
        with contextlib.suppress(AMQPError):
            self._channel.connection.add_callback_threadsafe(self._on_channel)

    def _on_channel(self) -> None:
        """Do so, on the thread of the channel."""
        with contextlib.suppress(AMQPError):
            self._acknowledge()


def _channel(url: str, patience: float | None = None) -> BlockingChannel:
    """Return a channel on a connection of its own; try once, and not for long."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # what it reports, it raises as well
    parameters = pika.URLParameters(url)
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = patience or PATIENCE
    return pika.BlockingConnection(parameters).channel()


def _declare(channel: BlockingChannel, queue: str) -> None:
    """Make a wake-up queue, unless it is there."""
    channel.queue_declare(queue, durable=True, arguments=QUEUE_ARGUMENTS)


def _close(channel: BlockingChannel) -> None:
    """Close a connection, whatever state it is in."""
    with contextlib.suppress(*GONE):
        channel.connection.close()
