"""A worker: an event loop with an engine on it, under one lease after the other."""

import asyncio
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import structlog

from schema.lifecycle import Product
from schema.sealing import Sealer
from schema.store.leases import Boot
from schema.store.writer import Writer
from workers.carrier import Carrier
from workers.discovery import Home
from workers.engine import Engine
from workers.journal import Journal
from workers.lag import LagWatch
from workers.lease import Lease, LeaseTerms
from workers.transport import Transport, new_session

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a worker works on and with: products, homes, their platforms, room, terms of lease, keys."""

    products: Mapping[str, Product]
    homes: Mapping[str, Home]
    urls: Mapping[str, str]
    room: int
    terms: LeaseTerms
    sealer: Sealer


class Worker:
    """Runs an engine until it is stopped; a lapsed lease is followed by a new one."""

    def __init__(self, writer: Writer, plan: Plan) -> None:
        self._writer = writer
        self._plan = plan
        self._engine: Engine | None = None
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
        """How many operations are in flight."""
        return self._engine.in_flight if self._engine else 0

    async def _work_under_lease(self) -> None:
        """Work until stopped or until the lease is lost."""
        plan = self._plan
        rooms = dict.fromkeys(plan.homes, plan.room)
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        if self._stopping.is_set():
            self._over.set()
        journal = Journal(self._writer)
        lease = await self._begin_lease(journal, rooms)
        if lease is None:
            return
        lease.start(self._loop, self._end)
        watch = LagWatch(self._loop)
        async with new_session(plan.terms.call) as session:
            homes = {
                name: (home, home.connect(Transport(session, plan.urls[name], lease)))
                for name, home in plan.homes.items()
            }
            carrier = Carrier(journal, lease, plan.products, homes, plan.sealer)
            self._engine = Engine(journal, lease, carrier, rooms)
            self.is_ready.set()
            await self._until_over(self._engine, lease)
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

    async def _until_over(self, engine: Engine, lease: Lease) -> None:
        """Return once the engine has nothing in flight any more, because of a stop or a lost lease."""
        await self._over.wait()
        if lease.is_lost:
            await engine.abandon()
        else:
            # So long a call that has begun can take; longer than that nobody waits for a database that is away.
            terms, in_flight = self._plan.terms, engine.in_flight
            self.left = await engine.stop(terms.call + terms.settle)
            self.handed_over = in_flight - self.left
            if self.left:
                log.warning("work_left", worker=lease.worker, operations=self.left)

    def _end(self) -> None:
        """End the work under this lease; callable from every thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._over.set)


def _new_loop() -> asyncio.AbstractEventLoop:
    """Return an event loop: uvloop's, which does the same in a sixth less time, where it has a wheel."""
    home = import_module("uvloop") if find_spec("uvloop") else asyncio
    loop: asyncio.AbstractEventLoop = home.new_event_loop()
    return loop
