"""The courier: claims deliveries that are due, opens them, and sends each through its channel, many at a time.

One per worker, on the engine's event loop and under the worker's lease, with a room of its own: mails never wait for
operations, nor operations for mails. What goes out twice does so only after an unknown outcome, and looks the same.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial

import structlog

from schema.errors import NotStored, NotTaken, Unreachable
from schema.ids import public_id
from schema.lifecycle import Product
from schema.store.database import Database
from schema.store.delivered import Delivered, Undelivered
from schema.store.deliveries import DESK, ClaimDeliveries, Parcel, are_due, next_due
from schema.store.moments import Pause
from schema.store.stillness import Stillness
from workers import escalation
from workers.channels.channel import Channel, NotDelivered, NotWanted, RefusedForGood
from workers.journal import Journal
from workers.lease import Lease, LeaseLost
from workers.retry import next_delivery

log = structlog.get_logger()

#: How many deliveries are under way at once.
ROOM = 32

#: Between two looks at whether anything is due, where nobody says so, in seconds.
LOOK = 0.5

#: After so many tries, over four days, a mail is given up. A desk is told until it has heard.
MOST_TRIES = 140

#: What is kept instead of an answer that the database refuses.
UNTOLD = "what was answered cannot be stored"

#: What is said of a reminder that a later one makes needless.
OUTDATED = "the same was said again later"


class Courier:
    """The deliveries under way of one worker; `products` are those that it can word mails of."""

    def __init__(
        self,
        database: Database,
        journal: Journal,
        lease: Lease,
        channels: Mapping[str, Channel],
        products: Mapping[str, Product],
    ) -> None:
        self._database = database
        self._journal = journal
        self._lease = lease
        self._channels = channels
        self._products = products
        self._stillness = Stillness(database)
        self._loop = asyncio.get_running_loop()
        self._wanted = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._is_stopping = False

    @property
    def in_flight(self) -> int:
        """How many deliveries are under way."""
        return len(self._tasks)

    def look(self) -> None:
        """Look soon whether anything is due; callable from every thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wanted.set)

    def start(self) -> None:
        """Begin to look again and again, until stopped."""
        self._looking = self._loop.create_task(self._look_on(), name="courier")

    async def _look_on(self) -> None:
        """Look whenever somebody says so, and now and then."""
        is_reachable = True
        while not self._is_stopping:
            self._wanted.clear()
            try:
                await self.once()
                is_reachable = True
            except (NotStored, Unreachable) as error:
                if is_reachable:
                    log.warning("courier_waits", error=str(error))
                is_reachable = False
            except Exception:
                log.exception("courier_failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), LOOK)

    async def once(self) -> None:
        """Claim what is due and fits in, and begin to send it; one claim at a time, which knows what is held."""
        async with self._claiming:
            await self._claim()

    async def _claim(self) -> None:
        """Claim once."""
        channels, room = tuple(self._channels), ROOM - len(self._tasks)
        if self._is_stopping or room <= 0 or not await asyncio.to_thread(self._are_due):
            return
        held = tuple(self._tasks)
        claim = ClaimDeliveries(self._lease.worker, room, channels, tuple(self._products), held)
        taken: list[Parcel] = await self._journal.write(claim)
        for parcel in taken:
            task = asyncio.create_task(self._carry(parcel), name=f"delivery {parcel.id}")
            self._tasks[parcel.id] = task
            task.add_done_callback(partial(self._forget, parcel.id))

    async def stop(self, farewell: timedelta) -> int:
        """Claim nothing more, and wait for what is under way; return how much of it was dropped unfinished."""
        self._is_stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=farewell.total_seconds())
        left = len(self._tasks)
        await self.abandon()
        return left

    async def abandon(self) -> None:
        """Drop everything under way: somebody else has taken it over, or will."""
        self._is_stopping = True
        tasks = [*self._tasks.values(), *([self._looking] if self._looking else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _are_due(self) -> bool:
        """Look once, unless nothing can have changed since nothing was."""
        if self._stillness.lasts():
            return False
        with self._database.look() as connection:
            left = next_due(connection)
            if left <= 0:
                return are_due(connection, tuple(self._channels), tuple(self._products))
        self._stillness.note(left)
        return False

    async def _carry(self, parcel: Parcel) -> None:
        """Send one delivery, and write down what became of it."""
        try:
            record = await self._send(parcel)
            if not await self._note(parcel, record):
                log.info("delivery_lost", delivery=parcel.id, tries=parcel.tries)
        except (LeaseLost, NotStored):
            log.warning("delivery_left", delivery=parcel.id)
        finally:
            self._wanted.set()

    async def _note(self, parcel: Parcel, record: Delivered | Undelivered) -> bool:
        """Write down what became of a delivery; what the database refuses, in words of our own."""
        try:
            return bool(await self._journal.write(record))
        except NotTaken:
            raise
        except NotStored:
            log.error("delivery_reworded", **_named(parcel))  # noqa: TRY400  the refusal was logged, and may quote
        return bool(await self._journal.write(self._plain(parcel, record)))

    def _plain(self, parcel: Parcel, record: Delivered | Undelivered) -> Delivered | Undelivered:
        """Return the same without what was answered."""
        match record:
            case Delivered():
                return Delivered(parcel, record.owner, UNTOLD)
            case Undelivered(again=None):
                return self._dead(parcel, UNTOLD)
            case _:
                return self._put_off(parcel, UNTOLD, None)

    def _forget(self, delivery: int, task: asyncio.Task[None]) -> None:
        """Let go of a delivery that is over, unless it was claimed again while its earlier try ended."""
        if self._tasks.get(delivery) is task:
            del self._tasks[delivery]

    async def _send(self, parcel: Parcel) -> Delivered | Undelivered:
        """Send once, after a last look at the lease, and return what is to be recorded."""
        await self._lease.ensure()
        owner = self._lease.worker
        if parcel.is_outdated:
            log.info("delivery_dropped", **_named(parcel), why=OUTDATED)
            return Undelivered(parcel, owner, OUTDATED, None)
        try:
            receipt = await self._channels[parcel.channel].deliver(parcel)
        except RefusedForGood as error:
            return self._dead(parcel, str(error))
        except NotWanted as error:
            log.info("delivery_dropped", **_named(parcel), why=str(error))
            return Undelivered(parcel, owner, str(error), None)
        except NotDelivered as error:
            return self._put_off(parcel, str(error), error.after)
        except Exception as error:  # noqa: BLE001  a text that does not word itself stops no other mail
            log.error("delivery_crashed", **_named(parcel), error=type(error).__name__)  # noqa: TRY400  texts may tell secrets
            return self._put_off(parcel, f"it could not be made: {type(error).__name__}", None)
        log.info("delivered", **_named(parcel))
        return Delivered(parcel, owner, receipt.said, receipt.remote)

    def _put_off(self, parcel: Parcel, why: str, after: timedelta | None) -> Undelivered:
        """Return when something is sent again, if it is."""
        if parcel.tries >= MOST_TRIES and parcel.channel != DESK:
            return self._dead(parcel, f"given up after {parcel.tries} tries: {why}")
        log.info("delivery_put_off", **_named(parcel), why=why, tries=parcel.tries)
        pause = max(next_delivery(parcel.tries, parcel.cause), after or timedelta())
        return Undelivered(parcel, self._lease.worker, why, Pause(pause))

    def _dead(self, parcel: Parcel, why: str) -> Undelivered:
        """Say that something will never arrive; of a mail people are told, by its operation's ticket."""
        log.warning("delivery_dead", **_named(parcel), why=why)
        is_mail = parcel.channel != DESK
        note = escalation.undelivered(parcel, why, self._products[parcel.product])
        return Undelivered(parcel, self._lease.worker, why, None, note if is_mail else None)


def _named(parcel: Parcel) -> dict[str, str]:
    """Return what a log says of a delivery: for what it is, never to whom."""
    return {
        "operation": public_id("op", parcel.operation),
        "channel": parcel.channel,
        "template": parcel.template,
    }
