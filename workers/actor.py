"""The actor: takes offers off the queue and hands their operations to the engine.

A message is acknowledged as soon as the engine has the ids. Nothing is lost when the engine dies:
what is due stands in the database, and is offered again.
"""

from collections.abc import Callable, Iterable, Sequence

from dramatiq import Actor, Broker, Worker

from schema.queue import ACTOR, queue_name

#: Gets the operations of one product that may be due; quick, because offers come one by one.
Take = Callable[[str, Sequence[int]], None]

#: How often the threads look whether they shall stop, in milliseconds.
LOOK_UP = 500

#: How long stopping may take, in milliseconds.
FAREWELL = 5_000


def declare_look(broker: Broker, take: Take, products: Iterable[str]) -> None:
    """Declare the one actor, `look`, on the queues of these products."""
    first, *others = (queue_name(product) for product in products)

    def look(product: str, operations: Sequence[int]) -> None:
        take(product, operations)

    Actor(look, broker=broker, actor_name=ACTOR, queue_name=first, priority=0, options={})
    for name in others:
        broker.declare_queue(name)


class Consumer:
    """Consumes the queues of some products, one offer at a time, on threads of its own.

    A broker that is away, at the start or later, is waited for.
    """

    def __init__(self, broker: Broker, products: Iterable[str]) -> None:
        queues = {queue_name(product) for product in products}
        self._worker = Worker(broker, queues=queues, worker_threads=1, worker_timeout=LOOK_UP)

    def start(self) -> None:
        """Begin to consume."""
        self._worker.start()

    def stop(self) -> None:
        """Finish the offer in hand, and end."""
        self._worker.stop(timeout=FAREWELL)
