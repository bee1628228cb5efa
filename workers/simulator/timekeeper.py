"""Lets everything happen when it is due, and moves a standing clock."""

import asyncio
from datetime import UTC, datetime

from workers.simulator.clock import Clock, as_moment
from workers.simulator.courier import Courier
from workers.simulator.people import first_of
from workers.simulator.players import Players
from workers.simulator.reception import Reception

#: How many changes happen in one transaction; between two of them others have their turn.
AT_ONCE = 20
#: A clock of the host may be set: look again after so many seconds, whatever is due next.
LONGEST_REST = 60.0
#: The same while somebody waits for a mail, of which only a look at the directory tells.
MAIL_REST = 0.5


class ClockMovedError(Exception):
    """Raised when a clock is moved from a time that it does not show."""


class Timekeeper:
    """Runs for as long as the simulator does; whoever plans something wakes it."""

    def __init__(self, clock: Clock, reception: Reception) -> None:
        self._store = reception.happenings.store
        self._clock = clock
        self._reception = reception
        self._plans = reception.happenings.plans
        self._people = reception.happenings.people
        self._wake = asyncio.Event()
        self._moving = asyncio.Lock()

    def wake(self) -> None:
        """Look again for what is due."""
        self._wake.set()

    @property
    def is_moving(self) -> bool:
        """True while things happen."""
        return self._moving.locked()

    async def run(self, courier: Courier, players: Players) -> None:
        """Let everything happen, send every callback, and let people act, when it is due."""
        while True:
            self._wake.clear()
            async with self._moving:
                await self._catch_up(self._clock.now())
            if not self._clock.is_standing:
                await players.read_mails()
            courier.send_due(self.wake)
            players.act_due(self.wake)
            await self._rest()

    async def move(self, start: str, end: str) -> None:
        """Move a standing clock; what is due on the way happens in order, each at its own time.

        Raises ClockMovedError if the clock does not show `start`, or is the host's.
        """
        async with self._moving:
            if not self._clock.is_standing or self._clock.now() != start:
                raise ClockMovedError
            await self._catch_up(end)
            with self._store.transaction():
                self._clock.stand_at(end)
        self.wake()

    async def _catch_up(self, until: str) -> None:
        is_more = True
        while is_more:
            is_more = self._happen_some(until)
            await asyncio.sleep(0)

    def _happen_some(self, until: str) -> bool:
        """Let some changes happen; tell whether there may be more."""
        if not self._plans.is_due(until):
            return False
        with self._store.transaction():
            for _ in range(AT_ONCE):
                event = self._reception.happen(until)
                if event is None:
                    return False
                if self._clock.is_standing:
                    self._clock.stand_at(event.due_at)
        return True

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._seconds_to_rest()):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _seconds_to_rest(self) -> float | None:
        if self._clock.is_standing:
            return None
        longest = MAIL_REST if self._people.is_waiting_for_mail() else LONGEST_REST
        now = self._clock.now()
        due_at = first_of(self._plans.next_due(now), self._people.next_due(now))
        if due_at is None:
            return longest
        seconds = (as_moment(due_at) - datetime.now(UTC)).total_seconds()
        return min(max(seconds, 0.0), longest)
