"""Puts offers on a broker, and the one inside a process, which needs no server and none of its client."""

from collections.abc import Iterable, Sequence
from queue import Queue

from dramatiq import Broker, Message
from dramatiq.brokers.stub import StubBroker

from schema.queue import ACTOR, OFFER_SIZE, Offer, queue_name

#: What carries offers, whichever it is; nobody else need know its library.
AnyBroker = Broker


def embedded_broker(products: Iterable[str]) -> StubBroker:
    """Return the broker inside this process, volatile by design, with a queue for each of these products."""
    broker = _Embedded(middleware=[])
    for product in products:
        broker.declare_queue(queue_name(product))
    return broker


def offers(broker: Broker) -> Offer:
    """Return the function that puts offers on a broker: it never raises and never waits."""

    def offer(product: str, operations: Sequence[int]) -> None:
        name = queue_name(product)
        broker.declare_queue(name)
        for first in range(0, len(operations), OFFER_SIZE):
            named = list(operations[first : first + OFFER_SIZE])
            broker.enqueue(Message(name, ACTOR, (product, named), {}, {}))

    return offer


class _Embedded(StubBroker):
    """Has no queues for delayed messages, and so no threads that look into them: waiting lives in the database."""

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue, unless it is there."""
        if queue_name not in self.queues:
            self.queues[queue_name] = Queue()
            self.emit_after("declare_queue", queue_name)
