"""The simulator: one HTTP server for every vendor, with a file that survives its own end."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from aiohttp import web

from workers.simulator.clock import Clock, Real, Standing
from workers.simulator.control import Control
from workers.simulator.counter import Counter
from workers.simulator.courier import CallbackTarget, Courier
from workers.simulator.discovery import find_vendors
from workers.simulator.happenings import Happenings
from workers.simulator.plans import Plans
from workers.simulator.players import Players, Surroundings
from workers.simulator.reception import Reception
from workers.simulator.requests import answer_in_json
from workers.simulator.rules import Rules
from workers.simulator.store import Store
from workers.simulator.timekeeper import Timekeeper

#: Real seconds that a call under way is given when the simulator stops.
GRACE = 0.2

log = logging.getLogger(__name__)


class NotStartedError(Exception):
    """Raised when something is asked of a simulator that does not run."""


class Simulator:
    """Plays every vendor that has a `simulated.py`, from `start` to `stop`, on one event loop."""

    def __init__(
        self,
        database: Path,
        callbacks: Mapping[str, CallbackTarget],
        clock: Real | Standing,
        around: Surroundings | None = None,
    ) -> None:
        self._database = database
        self._callbacks = callbacks
        self._kind = clock
        self._around = around
        self._url: str | None = None
        self._heart: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it is found, without a slash at the end."""
        if self._url is None:
            raise NotStartedError
        return self._url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Open the file and the port (0: a free one); answer the URL.

        Raises WrongFileError, FileInUseError, WrongClockError, WrongVendorError, or OSError.
        """
        async with AsyncExitStack() as stack:
            self._url = await self._open(stack, host, port)
            self._stack = stack.pop_all()
        return self._url

    async def stop(self) -> None:
        """Close the port and the file; what is planned stays planned. Raises what broke it."""
        self._url = None
        await self._stack.aclose()

    async def run(self) -> None:
        """Run until cancelled; raises what broke the simulator, if something does."""
        if self._heart is None:
            raise NotStartedError
        await asyncio.shield(self._heart)

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Start, run until cancelled, and stop."""
        await self.start(host, port)
        try:
            await self.run()
        finally:
            await self.stop()

    async def _open(self, stack: AsyncExitStack, host: str, port: int) -> str:
        store = Store(self._database)
        stack.callback(store.close)
        clock = Clock(store, self._kind)
        courier = Courier(store, clock, self._callbacks)
        stack.push_async_callback(courier.close)
        vendors, wanted = find_vendors(), frozenset(self._callbacks)
        happenings = Happenings(store, Plans(store), Rules(store), vendors, wanted)
        reception = Reception(happenings)
        timekeeper = Timekeeper(clock, reception)
        players = Players(store, clock, vendors, self._around)
        stack.push_async_callback(players.close)
        application = _application(reception, clock, timekeeper, players)
        address = await _listen(stack, application, host, port)
        players.vendors_at = f"http://{host}:{address}"
        self._heart = asyncio.create_task(timekeeper.run(courier, players))
        self._heart.add_done_callback(_tell_if_broken)
        stack.push_async_callback(_end, self._heart)
        return players.vendors_at


def _application(
    reception: Reception, clock: Clock, timekeeper: Timekeeper, players: Players
) -> web.Application:
    happenings = reception.happenings
    counter = Counter(reception, clock, timekeeper.wake)
    control = Control(happenings, clock, timekeeper, players, counter.is_handling)
    application = web.Application(middlewares=[answer_in_json])
    application.add_routes(control.routes())
    application.add_routes(counter.routes(happenings.vendors))
    return application


async def _listen(stack: AsyncExitStack, application: web.Application, host: str, port: int) -> int:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=GRACE)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return int(runner.addresses[0][1])


def _tell_if_broken(heart: asyncio.Task[None]) -> None:
    if not heart.cancelled() and heart.exception() is not None:
        log.critical("simulator_broken", exc_info=heart.exception())


async def _end(heart: asyncio.Task[None]) -> None:
    heart.cancel()
    with suppress(asyncio.CancelledError):
        await heart
