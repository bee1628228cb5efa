"""The loop-lag watch: says which step keeps the event loop from everything else."""

import asyncio
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()

#: How long the loop may be at one thing, seen there twice, and how often it is asked, in seconds.
MOST, PERIOD = 0.05, 0.25

#: How often it is looked whether the loop is at anything at all, in seconds.
IDLE = 1.0


class LagWatch:
    """Asks an event loop now and then whether it still gets round to new things, while `is_busy` says it is at any."""

    def __init__(self, loop: asyncio.AbstractEventLoop, is_busy: Callable[[], bool]) -> None:
        self._loop = loop
        self._is_busy = is_busy
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lag", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop asking."""
        self._stopping.set()

    def _watch(self) -> None:
        """Ask, and name what the loop is at when it does not answer."""
        while not self._stopping.wait(PERIOD if self._is_busy() else IDLE):
            if not self._is_busy():
                continue
            answered = threading.Event()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop has closed
                return
            if answered.wait(MOST):
                continue
            task = asyncio.current_task(self._loop)
            if not answered.wait(MOST) and task is asyncio.current_task(self._loop) and task:
                log.warning("loop_blocked", task=task.get_name())
            answered.wait()
