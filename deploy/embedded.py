"""Everything in one process: engine, waker and doors around one writer (DESIGN 2, *Embedded*)."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.broker import embedded_broker, offers
from deploy.core import Core
from deploy.doors import doors_of
from deploy.planning import plan_of
from producers.http.doors import Doors
from schema.store.leases import TakeOver
from workers.actor import Consumer, declare_look
from workers.waker import Waker
from workers.worker import Worker

#: How often it is looked whether the engine still is on its way, in seconds.
GLANCE = 0.5


@dataclass(frozen=True, slots=True)
class Embedded:
    """The running parts: what takes commands, what wakes operations, what carries them out."""

    doors: Doors
    waker: Waker
    worker: Worker


@contextmanager
def embedded(
    core: Core, urls: Mapping[str, str] | None, secrets: Mapping[str, str]
) -> Iterator[Embedded]:
    """Run engine and waker while the block does; whoever had the database before is gone.

    Missed deadlines are decided before anybody gets in.
    """
    core.writer.store(TakeOver(all_of_them=True))
    plan = plan_of(core, urls=urls)
    worker = Worker(core.writer, plan)
    broker = embedded_broker()
    declare_look(broker, worker.take, plan.homes)
    consumer = Consumer(broker, plan.homes)
    offer = offers(broker)
    waker = Waker(core.database, core.writer, core.settings.products, offer)
    stop = threading.Event()
    engine = threading.Thread(target=worker.run, name="engine", daemon=True)
    clerk = threading.Thread(target=waker.run, args=(stop,), name="clerk", daemon=True)
    engine.start()
    while not worker.is_ready.wait(GLANCE):
        if not engine.is_alive():
            raise RuntimeError("the engine did not start")
    if not engine.is_alive():
        raise RuntimeError("the engine did not start")
    consumer.start()
    waker.once()
    clerk.start()
    try:
        yield Embedded(doors_of(core, offer, secrets), waker, worker)
    finally:
        stop.set()
        waker.wake()
        clerk.join()
        consumer.stop()
        worker.stop()
        engine.join()
