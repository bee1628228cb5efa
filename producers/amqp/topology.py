"""The exchanges and queues of the door (DESIGN 4), and how it connects to them."""

from collections.abc import Mapping

import pika
from pika.adapters.blocking_connection import BlockingChannel

from producers.amqp.headers import read_any_header
from producers.relay import link
from schema.queue import said

#: An exchange and the queue behind it have the same name.
COMMANDS = "turnup.commands"
EVENTS = link.EXCHANGE
REJECTED = "turnup.commands.rejected"

#: So often the broker hands out one message before it puts it among the rejected by itself.
MOST_DELIVERIES = 20

#: Looking at the rejected is a delivery too, and RabbitMQ 4 drops what was delivered 20 times.
UNLIMITED = 1_000_000_000

QUEUES: Mapping[str, Mapping[str, str | int]] = {
    COMMANDS: {
        "x-queue-type": "quorum",
        "x-delivery-limit": MOST_DELIVERIES,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": REJECTED,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    },
    REJECTED: {"x-queue-type": "quorum", "x-delivery-limit": UNLIMITED},
}

EXCHANGES = (COMMANDS, EVENTS)

#: Every routing key.
ALL = "#"


class TopologyRefused(Exception):
    """Raised when the broker does not let us have our exchanges and queues; says why."""


def require_topology(url: str) -> None:
    """Make what is not there; raise `TopologyRefused` where something else has one of the names."""
    try:
        channel_to(url).connection.close()
    except link.GONE as error:
        raise TopologyRefused(said(error)) from error


def user_in(url: str) -> str:
    """Return the broker's name for us."""
    return str(parameters(url).credentials.username)


def parameters(url: str, patience: float = link.PATIENCE) -> pika.URLParameters:
    """Return how to connect, whatever headers a message has."""
    read_any_header()
    return link.parameters(url, patience)


def channel_to(url: str) -> BlockingChannel:
    """Return a channel on a connection of its own, with everything declared; raise what pika raises."""
    connection = pika.BlockingConnection(parameters(url))
    try:
        channel = connection.channel()
        declare(channel)
    except BaseException:
        if connection.is_open:
            connection.close()
        raise
    return channel


def declare(channel: BlockingChannel) -> None:
    """Make the exchanges and queues, unless they are there."""
    for exchange in EXCHANGES:
        channel.exchange_declare(exchange, "topic", durable=True)
    for queue, arguments in QUEUES.items():
        channel.queue_declare(queue, durable=True, arguments=dict(arguments))
    channel.queue_bind(COMMANDS, COMMANDS, ALL)
