"""The engine: takes operations that are due, and carries each one out as a coroutine.

One event loop carries hundreds of operations in flight. Each product has its own room. A suspect,
an operation whose last two tries ended uncleanly, is let go again at once, and claimed by itself in a
quiet moment, so that one that kills its process does not take others along every time (I9).
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import structlog

from schema.errors import NotStored, NotTaken
from schema.ids import public_id
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from workers.carrier import ALONE, Carrier
from workers.journal import Journal
from workers.lease import Lease
from workers.leaving import given_back
from workers.room import Room

log = structlog.get_logger()

#: Before an operation that could not be written down is claimed again, in seconds.
DROPPED_PAUSE = 1.0


class Engine:
    """The operations in flight of one worker, on one event loop."""

    def __init__(
        self,
        journal: Journal,
        lease: Lease,
        carrier: Carrier,
        rooms: Mapping[str, int],
    ) -> None:
        self._journal = journal
        self._lease = lease
        self._carrier = carrier
        self._rooms = {product: Room(size) for product, size in rooms.items()}
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Suspects, and their products.
        self._suspects: dict[int, str] = {}
        self._has_examiner = False
        self._stopping = asyncio.Event()

    @property
    def in_flight(self) -> int:
        """How many operations are in flight."""
        return sum(len(room.in_flight) for room in self._rooms.values())

    def take(self, product: str, operations: Sequence[int]) -> None:
        """Take note of operations that are said to be due; callable from every thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._note, product, operations)

    async def stop(self, farewell: timedelta) -> int:
        """Claim nothing more, and wait until what is in flight has reached its next record.

        What has not in time is dropped, and taken over as from a dead worker; returns how many operations that is.
        """
        self._stopping.set()
        self._carrier.is_stopping = True
        until = self._loop.time() + farewell.total_seconds()
        while self._tasks and (rest := until - self._loop.time()) > 0:
            await asyncio.wait(self._tasks, timeout=rest)
        left = self.in_flight
        await self.abandon()
        return left

    async def abandon(self) -> None:
        """Drop everything in flight: somebody else has taken it over, or will."""
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _note(self, product: str, operations: Sequence[int]) -> None:
        """Remember an offer, and claim from it where there is room; suspects have their own turn."""
        if room := self._rooms.get(product):
            room.note(key for key in operations if key not in self._suspects)
            self._fill(product, room)

    def _fill(self, product: str, room: Room) -> None:
        """Begin to claim, unless that is under way, or a suspect runs alone."""
        if room.wants() and not (self._stopping.is_set() or self._carrier.makes_way):
            room.is_claiming = True
            self._start(self._claim(product, room), f"claim {product}")

    async def _claim(self, product: str, room: Room) -> None:
        """Claim what fits in, and start it but for suspects."""
        try:
            taken = await self._take(product, room.next_to_claim(room.size))
        finally:
            room.is_claiming = False
        room.enter([claimed.id for claimed in taken])
        if suspects := [claimed for claimed in taken if claimed.tries >= ALONE]:
            await self._set_aside(room, suspects)
        for claimed in taken:
            if claimed.tries < ALONE:
                self._start(self._carry(room, claimed), public_id("op", claimed.id))
        self._fill(product, room)

    async def _take(self, product: str, operations: tuple[int, ...]) -> list[Claimed]:
        """Return those of these operations that a claim got; one that cannot be claimed fails alone (I9)."""
        try:
            claim = Claim(self._lease.worker, operations, self._carrier.final_verbs(product))
            taken: list[Claimed] = await self._journal.write(claim)
        except NotStored as error:
            if len(operations) > 1 and not isinstance(error, NotTaken):
                alone = [await self._take(product, (key,)) for key in operations]
                return [claimed for each in alone for claimed in each]
            named = [public_id("op", key) for key in operations]
            log.error("claim_refused", product=product, operations=named, error=str(error))  # noqa: TRY400
            return []
        return taken

    async def _carry(self, room: Room, claimed: Claimed) -> None:
        """Carry an operation out, and free its place."""
        again = False
        try:
            again = await self._carrier.carry_out(claimed)
        except Exception:
            # Still ours: claiming it again counts the try, until it is parked.
            log.exception("operation_dropped", operation=public_id("op", claimed.id))
            await asyncio.sleep(DROPPED_PAUSE)
            again = True
        finally:
            room.leave(claimed.id, again=again)
            self._fill(claimed.product, room)

    async def _set_aside(self, room: Room, suspects: Sequence[Claimed]) -> None:
        """Let go of suspects before anything else starts: a try that does not run must not count against them.

        One that the database does not let go of is still ours, and has its turn like the others.
        """
        back = [self._journal.write(given_back(claimed)) for claimed in suspects]
        answers = await asyncio.gather(*back, return_exceptions=True)
        for claimed, answer in zip(suspects, answers, strict=True):
            if isinstance(answer, BaseException):
                name = public_id("op", claimed.id)
                log.error("suspect_not_given_back", operation=name, error=str(answer))
            room.leave(claimed.id, again=False)
            self._suspects.setdefault(claimed.id, claimed.product)
        if not self._has_examiner:
            self._has_examiner = True
            self._start(self._examine(), "suspects")

    async def _examine(self) -> None:
        """Run one suspect after the other; all else has to make way for half of the time at most."""
        try:
            while self._suspects and not self._stopping.is_set():
                key, product = next(iter(self._suspects.items()))
                began = self._loop.time()
                await self._run_alone(product, key)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._loop.time() - began)
        finally:
            self._has_examiner = False

    async def _run_alone(self, product: str, suspect: int) -> None:
        """Claim a suspect when all else has come to its next record, and carry it to its own."""
        mine, room = asyncio.current_task(), self._rooms[product]
        self._carrier.makes_way = True
        try:
            while others := {task for task in self._tasks if task is not mine}:
                await asyncio.wait(others)
            del self._suspects[suspect]
            for claimed in await self._take(product, (suspect,)):
                room.in_flight.add(claimed.id)
                await self._carry(room, claimed)
        finally:
            self._carrier.makes_way = False
            for name, each in self._rooms.items():
                self._fill(name, each)

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
