"""A simulator in a thread of its own, for `turnup run` and for tests."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from threading import Thread
from typing import Self, TypeVar

from workers.simulator.clock import Real, Standing
from workers.simulator.courier import CallbackTarget
from workers.simulator.players import Surroundings
from workers.simulator.simulator import Simulator

T = TypeVar("T")


class SimulatorThread:
    """Runs a simulator while its `with` block does, on a free port of this machine unless `listen` names one."""

    def __init__(
        self,
        database: Path,
        callbacks: Mapping[str, CallbackTarget],
        clock: Real | Standing,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        around: Surroundings | None = None,
    ) -> None:
        self._simulator = Simulator(database, callbacks, clock, around)
        self._listen = listen
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._run, name="simulator", daemon=True)

    @property
    def url(self) -> str:
        """Where it is found, without a slash at the end."""
        return self._simulator.url

    def __enter__(self) -> Self:
        """Start it; raises what `Simulator.start` does."""
        self._thread.start()
        try:
            self._await(self._simulator.start(*self._listen))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; raises what broke it."""
        try:
            self._await(self._simulator.stop())
        finally:
            self._end()

    def _await(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        self._loop.run_forever()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
