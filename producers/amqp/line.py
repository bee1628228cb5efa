"""The line: one connection that only takes commands in and acknowledges them.

It never publishes: a broker that blocks publishers for want of memory stops reading what such a
connection sends, acknowledgements too.
"""

import contextlib
from collections.abc import Iterator

import pika
from pika.spec import Basic

from producers.amqp.headers import as_text
from producers.amqp.messages import Message
from producers.amqp.topology import COMMANDS, channel_to
from producers.relay.link import GONE, LinkLost
from schema.queue import said

#: Messages that the broker hands out ahead, so that it need not be waited for between two batches. They are
#: in memory while the database is away, and one may have 8 MiB.
AHEAD = 100

#: A message that was handed out this often without being acknowledged may be what ended its takers.
SUSPICIOUS = 2


class Line:
    """Messages of the queue of commands, in order.

    It begins by asking for one message at a time, for as long as they are suspicious: whatever ends
    the process then counts against that one alone.
    """

    def __init__(self, url: str) -> None:
        self._came: list[Message] = []
        self._consumes = False
        self._is_cancelled = False
        with _losses():
            self._channel = channel_to(url)
            self._connection = self._channel.connection
            self._channel.add_on_cancel_callback(self._cancel)
            self._channel.basic_qos(prefetch_count=AHEAD)

    def collect(self, most: int, seconds: float) -> list[Message]:
        """Return what is there, waiting for the first message so long; raise `LinkLost`."""
        if not self._consumes:
            self._begin()
        self.breathe(0 if self._came else seconds)
        while 0 < (before := len(self._came)) < most and self._consumes:
            self.breathe(0)
            if len(self._came) == before:
                break
        taken, self._came = self._came[:most], self._came[most:]
        return taken

    def breathe(self, seconds: float) -> None:
        """Receive, and answer the broker's heartbeats; raise `LinkLost` where the line has ended."""
        with _losses():
            self._connection.process_data_events(seconds)
        if self._is_cancelled or self._channel.is_closed:
            raise LinkLost("it has closed the queue")

    def acknowledge(self, last: Message) -> None:
        """Acknowledge everything up to this message."""
        with _losses():
            self._channel.basic_ack(last.tag, multiple=True)

    def close(self) -> None:
        """Close it; what is not acknowledged goes to somebody else."""
        with contextlib.suppress(*GONE):
            self._connection.close()

    def _begin(self) -> None:
        """Ask for one message; if it is above suspicion, or there is none, let them come by themselves."""
        with _losses():
            method, properties, body = self._channel.basic_get(COMMANDS)
            if method is not None:
                self._take(self._channel, method, properties, body)
            if method is None or self._came[-1].deliveries < SUSPICIOUS:
                self._channel.basic_consume(COMMANDS, self._take)
                self._consumes = True

    def _take(
        self,
        _channel: object,
        method: Basic.Deliver | Basic.GetOk,
        properties: pika.BasicProperties,
        body: bytes,
    ) -> None:
        """Keep a message until it is collected."""
        tag, key = method.delivery_tag, method.routing_key
        message = Message(tag, key, as_text(properties), body, method.redelivered)
        self._came.append(message)

    def _cancel(self, _method: object) -> None:
        """Note that the broker has ended the consumer."""
        self._is_cancelled = True


@contextlib.contextmanager
def _losses() -> Iterator[None]:
    """Turn every way in which pika says that the broker is gone into `LinkLost`."""
    try:
        yield
    except GONE as error:
        raise LinkLost(said(error)) from error
