"""Everything in one process: engine, waker and doors around one writer (DESIGN 2, *Embedded*)."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from deploy.core import Core
from deploy.doors import doors_of
from deploy.ending import Part
from deploy.engine import EngineThread
from deploy.offers import embedded_broker, offers
from deploy.planning import plan_of
from producers.http.doors import Doors
from schema.errors import Unanswered
from schema.store.dialect import SQLITE
from schema.store.leases import TakeOver
from workers.actor import Consumer, declare_look
from workers.waker import Waker
from workers.worker import Worker

log = structlog.get_logger()

#: How long the database may take at the start, and the clerk at the end, in seconds.
PATIENCE = 10.0


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
    """Run engine and waker while the block does; missed deadlines are decided before anybody gets in."""
    _take_over(core)
    broker = embedded_broker()
    plan = plan_of(core, urls=urls)
    worker = Worker(core.writer, plan)
    declare_look(broker, worker.take, plan.homes)
    engine = EngineThread(core.ending, plan, worker, Consumer(broker, plan.homes))
    offer, stop = offers(broker), threading.Event()
    waker = Waker(core.database, core.writer, core.settings.products, offer, plan.terms)
    clerk = Part("clerk", lambda: waker.run(stop), stop.set, core.ending)
    try:
        if engine.start():
            waker.once()
            clerk.start()
        yield Embedded(doors_of(core, offer, secrets), waker, worker)
    finally:
        clerk.ask_to_end()
        waker.wake()
        engine.end()
        clerk.join(PATIENCE)


def _take_over(core: Core) -> None:
    """Take over from whoever had the database before.

    Only the lock on a file proves that he is gone; on PostgreSQL he may have lost no more than a
    connection, so that his leases have to lapse.
    """
    if core.database.dialect != SQLITE:
        return
    try:
        settle = core.settings.settle
        taken = core.writer.store(TakeOver(all_of_them=True, settle=settle), PATIENCE)
    except TimeoutError as error:
        raise Unanswered(f"the database {core.database} does not answer") from error
    if taken.workers:
        log.info("taken_over", **taken.told)
