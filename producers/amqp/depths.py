"""How many messages lie in the queues of a broker, for who watches; nothing is made or taken there."""

from collections.abc import Iterable

import pika
from pika.exceptions import ChannelClosedByBroker

from producers.amqp.topology import COMMANDS, REJECTED, parameters
from producers.relay.link import GONE
from schema.queue import queue_name

#: A scrape does not wait longer for a broker, in seconds.
PATIENCE = 2.0


def depths(url: str, products: Iterable[str]) -> dict[str, int]:
    """Return how many messages wait in each queue that is there; none where the broker does not answer in time."""
    wanted = parameters(url, PATIENCE)
    wanted.blocked_connection_timeout = PATIENCE
    found: dict[str, int] = {}
    try:
        connection = pika.BlockingConnection(wanted)
        try:
            for name in (*map(queue_name, sorted(products)), COMMANDS, REJECTED):
                if (count := _depth(connection, name)) is not None:
                    found[name] = count
        finally:
            connection.close()
    except GONE:
        return {}
    return found


def _depth(connection: pika.BlockingConnection, name: str) -> int | None:
    """Return how many messages wait in a queue, or None where it is not there; its channel is gone then."""
    channel = connection.channel()
    try:
        count = int(channel.queue_declare(name, passive=True).method.message_count)
    except ChannelClosedByBroker:
        return None
    channel.close()
    return count
