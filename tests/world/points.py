"""The points at which a process can die: before and after every call, and every write.

A world counts them as they are reached; a test names the one at which the process is to die.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from schema.store.claims import Claim
from schema.store.journal import Recorded
from schema.store.writer import Record, Writer

#: The longest that anything in a world may take, in seconds; only a failing test waits so long.
PATIENCE = 20.0


class Points:
    """Counts what is reached; at the number `dies_at` (from 1) nothing goes on any more."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.dies_at: int | None = None
        #: Points that end the process whenever they are reached.
        self.deadly: set[str] = set()
        self.deaths = 0
        self.is_dying = False

    @property
    def is_spared(self) -> bool:
        """Whether the process has yet to come to the point at which it is to die."""
        return self.dies_at is not None

    def note(self, what: str, name: str) -> bool:
        """Count a point; answer whether this is the one to die at."""
        self.reached.append(f"{what} {name}")
        if self.dies_at == len(self.reached) or self.reached[-1] in self.deadly:
            self.is_dying = True
            self.deaths += 1
            return True
        return False

    async def reach(self, what: str, name: str) -> None:
        """Count a point, and never go on from the one to die at."""
        if self.note(what, name):
            await asyncio.Event().wait()


class WatchedWriter:
    """The writer as an engine sees it that can die before and after every write."""

    def __init__(self, writer: Writer, points: Points) -> None:
        self._writer = writer
        self._points = points

    def submit(self, records: Sequence[Record]) -> "Future[list[Any]]":
        """Hand records over, unless the process dies before; after it, nobody hears the answer."""
        name = "+".join(sorted({type(record).__name__ for record in records}))
        if not any(isinstance(record, Recorded | Claim) for record in records):
            return self._writer.submit(records)
        if self._points.note("write", name):
            return Future()
        done = self._writer.submit(records)
        done.result(PATIENCE)
        return Future() if self._points.note("written", name) else done

    def store(self, record: Record, timeout: float | None = None) -> Any:
        """Store one record."""
        return self._writer.store(record, timeout)
