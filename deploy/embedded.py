"""One process for everything: waker and doors around one writer, and later the engine (DESIGN 2, *Embedded*).

What is here takes commands; what carries them out takes half as long again to load, and is loaded when a door is open.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from deploy.core import Core
from deploy.doors import doors_of
from deploy.ending import Part
from deploy.offers import AnyBroker, embedded_broker, offers
from deploy.terms import terms_of
from producers.http.doors import Doors
from schema.errors import Unanswered
from schema.store.dialect import SQLITE
from schema.store.leases import TakeOver
from workers.waker import Waker

log = structlog.get_logger()

#: How long the database may take at the start, and the clerk at the end, in seconds.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the engine: what takes commands, what wakes operations, and what offers them."""

    doors: Doors
    waker: Waker
    broker: AnyBroker


@contextmanager
def embedded(core: Core, secrets: Mapping[str, str]) -> Iterator[Front]:
    """Run the waker while the block does; missed deadlines are decided before anybody gets in."""
    _take_over(core)
    products = core.settings.products
    broker = embedded_broker(products)
    offer, stop = offers(broker), threading.Event()
    waker = Waker(core.database, core.writer, products, offer, terms_of(core.settings))
    clerk = Part("clerk", lambda: waker.run(stop), stop.set, core.ending)
    try:
        waker.once()
        clerk.start()
        yield Front(doors_of(core, offer, secrets), waker, broker)
    finally:
        clerk.ask_to_end()
        waker.wake()
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
