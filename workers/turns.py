"""Turns at a platform: how many calls of a worker run at once, and how many begin a second.

Customers take turns. Of one customer the operation that was accepted first goes first with all its calls, so that
places get free one after the other, and not all at last. While a call waits, the time limit of its look stands.
"""

import asyncio
import math
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from workers.errors import NotReached

#: So many operations for each call at once, and for so many seconds of calls, may be in flight: enough to keep a
#: platform busy. The rest stays in the database, where other workers find it and customers take turns.
CROWD = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker asks of a platform at most: calls at once; calls a second, so many of them in a burst."""

    calls: int = 256
    rate: float | None = None
    burst: int = 1

    @property
    def room(self) -> int:
        """How many operations in flight keep the platform busy."""
        crowd = CROWD * self.calls
        return crowd if self.rate is None else min(crowd, self.burst + math.ceil(CROWD * self.rate))


class Look:
    """Who waits for turns in one look of an operation, and the time limit that stands meanwhile."""

    def __init__(
        self, customer: str = "", operation: int = 0, limit: asyncio.Timeout | None = None
    ) -> None:
        self.customer = customer
        self.operation = operation
        self._limit = limit
        self._waiting = 0
        self._left = 0.0

    def __enter__(self) -> None:
        when = self._limit and self._limit.when()
        if self._limit and when is not None:
            self._left = when - asyncio.get_running_loop().time()
            self._reschedule(None)
        self._waiting += 1

    def __exit__(self, *_error: object) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._reschedule(asyncio.get_running_loop().time() + self._left)

    def _reschedule(self, when: float | None) -> None:
        """Move the limit, unless the look is over."""
        with suppress(RuntimeError):
            if self._limit:
                self._limit.reschedule(when)


_look: ContextVar[Look | None] = ContextVar("look", default=None)


def begin_look(customer: str, operation: int, limit: asyncio.Timeout) -> None:
    """Let the calls of this task wait for turns in the name of a customer's operation, and outside a time limit."""
    _look.set(Look(customer, operation, limit))


#: Who waits: his operation, his number in the order of coming, and what he waits for.
Waiter = tuple[int, int, asyncio.Future[None]]


class Turns:
    """The turns of one worker at one platform; made inside a running loop, and held by `async with`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._under_way = 0
        #: When a call may begin, were there no bursts.
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = count()
        #: Each customer's heap, in the order in which they have their turn.
        self._waiting: dict[str, list[Waiter]] = {}
        self._is_closed = False

    def close(self) -> None:
        """Send away who waits, and who would have to: the worker ends."""
        self._is_closed = True
        while self._waiting:
            mine = self._next()
            if not mine.done():
                mine.set_exception(_closed())

    async def __aenter__(self) -> None:
        """Wait for a turn; raise `NotReached` where there will be none."""
        if not self._waiting and self._is_free() and self._pause() <= 0:
            self._begin()
            return
        if self._is_closed:
            raise _closed()
        look = _look.get() or Look()
        mine = self._loop.create_future()
        row = self._waiting.setdefault(look.customer, [])
        heappush(row, (look.operation, next(self._numbers), mine))
        self._let_in()
        with look:
            try:
                await mine
            except asyncio.CancelledError:
                if (
                    not mine.cancelled() and mine.exception() is None
                ):  # it came too late to be of use
                    self._end()
                raise

    async def __aexit__(self, *_error: object) -> None:
        """Give the turn back."""
        self._end()

    def _begin(self) -> None:
        """Count a call that begins."""
        self._under_way += 1
        if self._limits.rate is not None:
            self._next_at = max(self._next_at, self._loop.time()) + 1 / self._limits.rate

    def _end(self) -> None:
        """Count a call that has ended, and let the next one in."""
        self._under_way -= 1
        self._let_in()

    def _let_in(self) -> None:
        """Let in who waits, one of each customer in turn, as far as the limits allow."""
        while self._waiting and self._is_free():
            pause = self._pause()
            if pause > 0:
                self._wake_in(pause)
                return
            mine = self._next()
            if not mine.done():
                self._begin()
                mine.set_result(None)

    def _next(self) -> asyncio.Future[None]:
        """Take what is oldest of the next customer, who goes to the end of the row."""
        customer = next(iter(self._waiting))
        row = self._waiting.pop(customer)
        _, _, mine = heappop(row)
        if row:
            self._waiting[customer] = row
        return mine

    def _is_free(self) -> bool:
        """Return whether one more call may run."""
        return self._under_way < self._limits.calls

    def _pause(self) -> float:
        """Return how long no call may begin, in seconds."""
        if self._limits.rate is None:
            return 0
        early = (self._limits.burst - 1) / self._limits.rate
        return self._next_at - early - self._loop.time()

    def _wake_in(self, pause: float) -> None:
        """Look again after a pause."""
        if self._timer is None:
            self._timer = self._loop.call_later(pause, self._awake)

    def _awake(self) -> None:
        """Look again now."""
        self._timer = None
        self._let_in()


def _closed() -> NotReached:
    """Return the error of a call whose turn will not come."""
    return NotReached("the worker ended before the call had its turn")
