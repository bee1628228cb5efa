"""The engine of a process: a worker on a thread of its own, and the offers that it gets."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.core import Core
from deploy.ending import BEYOND, Part
from deploy.offers import AnyBroker
from workers.actor import Consumer, declare_look
from workers.worker import Plan, Worker


@contextmanager
def working(core: Core, broker: AnyBroker, plan: Plan) -> Iterator[Worker]:
    """Carry operations out while the block runs, then let what is in flight reach its next record.

    The block begins once that works, or where the process is to end before; it ends too where the engine dies.
    """
    worker = Worker(core.writer, plan)
    declare_look(broker, worker.take, plan.homes)
    consumer, ending = Consumer(broker, plan.homes), core.ending
    part = Part("engine", worker.run, worker.stop, ending)
    if takes := part.start_until(worker.is_ready):
        consumer.start()
    try:
        yield worker
    finally:
        if takes:
            consumer.stop()
        part.ask_to_end()
        part.join((plan.terms.call + plan.terms.settle).total_seconds() + BEYOND)
        ending.handed_over += worker.handed_over
        ending.leave(worker.left)
