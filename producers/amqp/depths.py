"""What lies in the queues of a broker, and who takes it, for who watches; nothing is made or taken there."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pika
from pika.exceptions import ChannelClosedByBroker

from producers.amqp.topology import COMMANDS, REJECTED, parameters
from producers.relay.link import GONE
from schema.queue import queue_name

#: A scrape does not wait longer for a broker, in seconds.
PATIENCE = 2.0


class Depth(NamedTuple):
    """How many messages a queue has ready, and how many take them."""

    messages: int
    consumers: int


def depths(url: str, products: Iterable[str]) -> dict[str, int]:
    """Return how many messages wait in each queue that is there; none where the broker does not answer in time."""
    names = (*map(queue_name, sorted(products)), COMMANDS, REJECTED)
    return {name: each.messages for name, each in looked_into(url, names).items()}


def looked_into(url: str, names: Iterable[str]) -> Mapping[str, Depth]:
    """Return how those of these queues are that are there; none where the broker does not answer in time."""
    wanted = parameters(url, PATIENCE)
    wanted.blocked_connection_timeout = PATIENCE
    found: dict[str, Depth] = {}
    try:
        connection = pika.BlockingConnection(wanted)
        try:
            for name in names:
                if depth := _depth(connection, name):
                    found[name] = depth
        finally:
            connection.close()
    except GONE:
        return {}
    return found


def _depth(connection: pika.BlockingConnection, name: str) -> Depth | None:
    """Return how a queue is, or None where it is not there; its channel is gone then."""
    channel = connection.channel()
    try:
        said = channel.queue_declare(name, passive=True).method
    except ChannelClosedByBroker:
        return None
    channel.close()
    return Depth(int(said.message_count), int(said.consumer_count))
