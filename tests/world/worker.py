"""One worker of a world: an engine under one lease, on the world's event loop."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from schema.lifecycle import Product
from schema.sealing import KEY_LENGTH, Sealer, SecretKey
from schema.store.database import Database
from schema.store.deliveries import DESK, MAIL, SMS, Parcel
from schema.store.leases import Boot
from schema.store.writer import Writer
from tests.world.platform import URL, Platform
from tests.world.points import Points, WatchedWriter
from workers.carrier import Carrier
from workers.channels.channel import Channel, Receipt
from workers.courier import Courier
from workers.discovery import Home
from workers.engine import Engine
from workers.health import Health
from workers.journal import Journal
from workers.lease import Lease, LeaseTerms
from workers.librarian import Librarian
from workers.transport import Transport
from workers.turns import Limits, Turns
from workers.visitor import Visitor

if TYPE_CHECKING:
    from aiohttp import ClientSession

#: A lease that outlasts every test: time passes only where a test says so.
LONG = LeaseTerms(
    length=timedelta(minutes=5),
    renew=timedelta(minutes=1),
    call=timedelta(seconds=5),
    settle=timedelta(milliseconds=1),
)

#: The key of every world: always the same, so that what is made with it is as well.
SEALER = Sealer([SecretKey(bytes(range(KEY_LENGTH)))])

#: A lease that can lapse in front of everybody's eyes, and does not because others are at work on this machine.
SHORT = LeaseTerms(
    length=timedelta(seconds=1),
    renew=timedelta(seconds=0.1),
    call=timedelta(seconds=0.1),
    settle=timedelta(seconds=0.01),
)


#: The lease of a process that is stopped: nobody renews it.
STOPPED = replace(SHORT, length=timedelta(seconds=3), renew=timedelta(hours=1))


class Mailbox:
    """A channel that accepts everything, and remembers it."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take one."""
        self.parcels.append(parcel)
        return Receipt("it is in the box")


@dataclass(frozen=True)
class Equipment:
    """What a worker is made of."""

    database: Database
    writer: Writer
    products: Mapping[str, Product]
    homes: Mapping[str, Home]
    platform: Platform
    points: Points
    room: int = 64
    limits: Limits = field(default_factory=Limits)
    terms: LeaseTerms = LONG
    sealer: Sealer = SEALER
    channels: Mapping[str, Channel] = field(default_factory=dict)


class Worker:
    """An engine, its lease and its journal; made inside a running loop."""

    def __init__(self, equipment: Equipment) -> None:
        self.equipment = equipment
        #: Gets no messages, as a process that is stopped (`kill -STOP`).
        self.is_stopped = False
        writer = cast("Writer", WatchedWriter(equipment.writer, equipment.points))
        terms, rooms = equipment.terms, dict.fromkeys(equipment.homes, equipment.room)
        since = time.monotonic()
        row = writer.store(Boot("worker", "world", rooms, terms.length))
        self.lease = Lease(writer, terms, row, since)
        self.lease.start(asyncio.get_running_loop(), lambda: None)
        self.journal = Journal(writer)
        session: ClientSession = equipment.platform.session(terms.call.total_seconds())
        self.turns = {name: Turns(equipment.limits) for name in equipment.homes}
        homes = {
            name: (
                home,
                home.connect(Transport(session, URL, self.lease, self.turns[name], Health(name))),
            )
            for name, home in equipment.homes.items()
        }
        carrier = Carrier(self.journal, self.lease, equipment.products, homes, equipment.sealer)
        self.engine = Engine(self.journal, self.lease, carrier, rooms)
        boxes = {MAIL: Mailbox(), SMS: Mailbox(), DESK: Mailbox()}
        #: What was mailed or sent by its worker.
        self.parcels = [boxes[MAIL].parcels, boxes[SMS].parcels]
        channels = {**boxes, **equipment.channels}
        parts = (equipment.database, self.journal, self.lease)
        self.librarian = Librarian(self.journal, homes)
        self.courier = Courier(*parts, channels, equipment.products)
        self.visitor = Visitor(equipment.database, self.journal, homes, equipment.products)
        self._loop = asyncio.get_running_loop()
        self._looks: set[asyncio.Task[None]] = set()

    @property
    def key(self) -> int:
        """The row of its lease."""
        return self.lease.worker

    def take(self, product: str, operations: Sequence[int]) -> None:
        """Take note of an offer."""
        self.engine.take(product, operations)

    def send(self) -> None:
        """Let it look once for deliveries that are due."""
        look = self._loop.create_task(self.courier.once())
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def die(self) -> None:
        """Be gone from one moment to the next, as `kill -9` leaves it: nothing is resigned."""
        self.lease.is_lost = True
        self.lease.stop()
        await self.engine.abandon()
        await self.courier.abandon()
        for look in self._looks:
            look.cancel()
        pump = self.journal._pump  # noqa: SLF001  what a dead process was about to hand over is lost
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
