"""The journal: the engine's side of the writer. What coroutines want stored meanwhile goes in one hand-over."""

import asyncio
from typing import Any

from schema.errors import NotStored, StoreFull
from schema.store.writer import Record, Writer

#: How long a record waits for room in a full database before it is tried again, in seconds.
FULL_PAUSE = 1.0


class Journal:
    """Hands records to the writer and gives each coroutine its answer; lives on one event loop."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: list[tuple[Record, asyncio.Future[Any]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def write(self, record: Record) -> Any:  # noqa: ANN401  each kind of record answers its own
        """Return what the store answers; raise `NotStored` for a record that it refuses for good."""
        while True:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((record, future))
            if self._pump is None or self._pump.done():
                self._pump = asyncio.create_task(self._hand_over(), name="journal")
            answer = await future
            if isinstance(answer, StoreFull):
                await asyncio.sleep(FULL_PAUSE)
            elif isinstance(answer, NotStored):
                raise answer
            else:
                return answer

    async def _hand_over(self) -> None:
        """Hand over what is waiting, again and again, until nothing is."""
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            submitted = self._writer.submit([record for record, _ in waiting])
            answers = await asyncio.wrap_future(submitted)
            for (_, future), answer in zip(waiting, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
