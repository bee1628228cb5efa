"""The engine: takes operations that are due, and carries each one out as a coroutine.

One event loop carries hundreds of operations in flight. Each product has its own room. An
operation whose last tries ended uncleanly runs alone, so that one that kills its process does not
take others along every time; of several such only one is kept (I9).
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from schema.errors import NotStored
from schema.ids import public_id
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from workers import decisions
from workers.carrier import Carrier
from workers.journal import Journal
from workers.lease import Lease
from workers.room import Room

log = structlog.get_logger()

#: Before an operation that could not be written down is claimed again, in seconds.
DROPPED_PAUSE = 1.0

#: From this try on a step runs alone. Two unclean ends in a row are more than a machine that went
#: away under hundreds of innocents, which go on side by side after the first.
ALONE = 3


class Engine:
    """The operations in flight of one worker, on one event loop."""

    def __init__(
        self,
        journal: Journal,
        lease: Lease,
        carrier: Carrier,
        rooms: Mapping[str, int],
        settle: timedelta,
    ) -> None:
        self._journal = journal
        self._lease = lease
        self._carrier = carrier
        self._rooms = {product: Room(size) for product, size in rooms.items()}
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_suspect = False
        self._is_stopping = False

    @property
    def in_flight(self) -> int:
        """How many operations are in flight."""
        return sum(len(room.in_flight) for room in self._rooms.values())

    def take(self, product: str, operations: Sequence[int]) -> None:
        """Take note of operations that are said to be due; callable from every thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, product, operations)

    async def stop(self) -> None:
        """Claim nothing more, and wait until what is in flight has reached its next record."""
        self._is_stopping = self._carrier.is_stopping = True
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def abandon(self) -> None:
        """Drop everything in flight: somebody else has taken it over."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, product: str, operations: Sequence[int]) -> None:
        """Remember an offer, and claim from it where there is room."""
        if room := self._rooms.get(product):
            room.note(operations)
            self._fill(product, room)

    def _fill(self, product: str, room: Room) -> None:
        """Begin to claim, unless that is under way, or suspects have to run alone first."""
        if room.wants() and not (self._is_stopping or self._has_suspect):
            room.is_claiming = True
            self._start(self._claim(product, room), f"claim {product}")

    async def _claim(self, product: str, room: Room) -> None:
        """Claim what fits in, and start it; suspects wait until they are alone."""
        wanted = room.next_to_claim(room.size)
        try:
            taken: list[Claimed] = await self._journal.write(Claim(self._lease.worker, wanted))
        except NotStored as error:
            log.error("claim_refused", product=product, error=str(error))  # noqa: TRY400
            taken = []
        finally:
            room.is_claiming = False
        room.enter([claimed.id for claimed in taken])
        settled_at = self._loop.time() + self._settle.total_seconds()
        too_many = []
        for claimed in taken:
            if claimed.tries < ALONE:
                carrying = self._carry(room, claimed, settled_at if claimed.tries > 1 else 0)
                self._start(carrying, public_id("op", claimed.id))
            elif self._has_suspect:
                too_many.append(claimed)
            else:
                self._has_suspect = True
                self._start(self._run_alone(room, claimed, settled_at), "suspect")
        for claimed in too_many:
            await self._give_back(room, claimed)
        self._fill(product, room)

    async def _carry(self, room: Room, claimed: Claimed, settled_at: float) -> None:
        """Carry an operation out, and free its place; a dead worker's last calls have to settle first."""
        again = False
        try:
            if settled_at:
                await asyncio.sleep(settled_at - self._loop.time())
            again = await self._carrier.carry_out(claimed)
        except Exception:
            # Still ours: claiming it again counts the try, until it is parked.
            log.exception("operation_dropped", operation=public_id("op", claimed.id))
            await asyncio.sleep(DROPPED_PAUSE)
            again = True
        finally:
            room.leave(claimed.id, again=again)
            self._fill(claimed.product, room)

    async def _run_alone(self, room: Room, claimed: Claimed, settled_at: float) -> None:
        """Wait until all else has been recorded, then carry a suspect out."""
        mine = asyncio.current_task()
        try:
            while others := {task for task in self._tasks if task is not mine}:
                await asyncio.wait(others)
            await self._carry(room, claimed, settled_at)
        finally:
            self._has_suspect = False
        for product, each in self._rooms.items():
            self._fill(product, each)

    async def _give_back(self, room: Room, claimed: Claimed) -> None:
        """Let go of a suspect that would have to wait: a try that does not run must not count against it."""
        await self._journal.write(decisions.given_back(claimed))
        room.leave(claimed.id, again=True)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Start a coroutine, and let no error of it go unseen."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        """Forget a coroutine that has ended."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("task_failed", task=task.get_name(), exc_info=error)
