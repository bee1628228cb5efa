"""A worker: an event loop with an engine on it, under one lease after the other."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import structlog

from schema.lifecycle import Product
from schema.sealing import Sealer
from schema.store.database import Database
from schema.store.leases import Boot
from schema.store.writer import Writer
from workers.carrier import Carrier
from workers.channels.channel import Channel
from workers.courier import Courier
from workers.discovery import Home
from workers.engine import Engine
from workers.health import Health
from workers.journal import Journal
from workers.lag import LagWatch
from workers.lease import Lease, LeaseTerms
from workers.librarian import Librarian
from workers.transport import Session, Transport, new_session
from workers.turns import Limits, Turns
from workers.visitor import Visitor

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker works on and with: products, homes, platforms and their limits, room, lease, keys, ways out."""

    products: Mapping[str, Product]
    homes: Mapping[str, Home]
    urls: Mapping[str, str]
    limits: Mapping[str, Limits]
    room: int
    terms: LeaseTerms
    sealer: Sealer
    database: Database
    channels: Callable[[Session], Mapping[str, Channel]]

    @property
    def rooms(self) -> Mapping[str, int]:
        """How many operations of each product are in flight at most: no more than keep its platform busy."""
        return {name: min(self.room, self.limits[name].room) for name in self.homes}


class Worker:
    """Runs an engine until it is stopped; a lapsed lease is followed by a new one."""

    def __init__(self, writer: Writer, plan: Plan) -> None:
        self._writer = writer
        self._plan = plan
        self._engine: Engine | None = None
        self._courier: Courier | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over = asyncio.Event()
        self._stopping = threading.Event()
        self.is_ready = threading.Event()
        #: How many operations in flight reached their next record after a stop, and how many did not in time.
        self.handed_over = self.left = 0

    def take(self, product: str, operations: Sequence[int]) -> None:
        """Take note of operations that are said to be due; callable from every thread."""
        if self._engine:
            self._engine.take(product, operations)

    def look(self) -> None:
        """Look whether anything has to go out; callable from every thread."""
        if self._courier:
            self._courier.look()

    def stop(self) -> None:
        """Let what is in flight reach its next record, then end; callable from every thread."""
        self._stopping.set()
        self._end()

    def run(self) -> None:
        """Work until stopped."""
        try:
            while not self._stopping.is_set():
                with asyncio.Runner(loop_factory=_new_loop) as runner:
                    runner.run(self._work_under_lease())
        finally:
            self.is_ready.set()  # who waits for one that has died shall not wait for ever

    @property
    def in_flight(self) -> int:
        """How many operations and deliveries are in flight."""
        parts = (self._engine, self._courier)
        return sum(each.in_flight for each in parts if each)

    async def _work_under_lease(self) -> None:
        """Work until stopped or until the lease is lost."""
        plan = self._plan
        rooms = plan.rooms
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            self._over.set()
        journal = Journal(self._writer)
        lease = await self._begin_lease(journal, rooms)
        if lease is None:
            return
        lease.start(self._loop, self._end)
        watch = LagWatch(self._loop, lambda: self.in_flight > 0)
        async with new_session(plan.terms.call) as session:
            turns = {name: Turns(plan.limits[name]) for name in plan.homes}
            homes = _connect(plan, session, lease, turns)
            carrier = Carrier(journal, lease, plan.products, homes, plan.sealer)
            self._engine = Engine(journal, lease, carrier, rooms)
            channels = plan.channels(session)
            known = {name: plan.products[name] for name in plan.homes}
            courier = Courier(plan.database, journal, lease, channels, known)
            self._courier, carrier.when_noticed = courier, courier.look
            visitor = Visitor(plan.database, journal, homes, plan.products)
            courier.start()
            librarian = Librarian(journal, homes)
            await librarian.start()
            visitor.start()
            self.is_ready.set()
            await self._until_over(self._engine, courier, lease, turns.values())
            librarian.stop()
            visitor.stop()
        watch.stop()
        lease.stop(resigns=not self.left)

    async def _begin_lease(self, journal: Journal, rooms: Mapping[str, int]) -> Lease | None:
        """Return a new lease, or None where the worker is stopped before the database answers."""
        terms, since = self._plan.terms, time.monotonic()
        boot = Boot("worker", socket.gethostname(), rooms, terms.length)
        booting = asyncio.create_task(journal.write(boot), name="boot")
        over = asyncio.create_task(self._over.wait(), name="over")
        await asyncio.wait({booting, over}, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        if booting.done():
            return Lease(self._writer, terms, booting.result(), since)
        booting.cancel()
        return None

    async def _until_over(
        self, engine: Engine, courier: Courier, lease: Lease, turns: Iterable[Turns]
    ) -> None:
        """Return once nothing is in flight any more, because of a stop or a lost lease."""
        await self._over.wait()
        if lease.is_lost:
            await engine.abandon()
            await courier.abandon()
        else:
            # So long a call that has begun can take; longer than that nobody waits for a database that is away.
            terms, in_flight = self._plan.terms, engine.in_flight
            farewell = terms.call + terms.settle
            both = asyncio.gather(engine.stop(farewell), courier.stop(farewell))
            for each in turns:
                each.close()
            left, unsent = await both
            self.handed_over, self.left = in_flight - left, left + unsent
            if self.left:
                told = {"operations": left, "deliveries": unsent}
                log.warning("work_left", worker=lease.worker, **told)

    def _end(self) -> None:
        """End the work under this lease; callable from every thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._over.set)


def _connect(
    plan: Plan, session: Session, lease: Lease, turns: Mapping[str, Turns]
) -> dict[str, tuple[Home, object]]:
    """Return each product's home with its platform."""
    ways = {
        name: Transport(session, plan.urls[name], lease, turns[name], Health(name))
        for name in plan.homes
    }
    return {name: (home, home.connect(ways[name])) for name, home in plan.homes.items()}


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop: uvloop's, which does the same in a sixth less time, where it has a wheel."""
    home = import_module("uvloop") if find_spec("uvloop") else asyncio
    loop: asyncio.AbstractEventLoop = home.new_event_loop()
    return loop
