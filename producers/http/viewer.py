"""Shows operations to all requests that wait at the same time with one query, and offers them to workers.

A thread for each request would cost more than the rest of its work together: threads take the interpreter from each
other.
"""

import asyncio
from collections.abc import Sequence

from fastapi.concurrency import run_in_threadpool

from producers.answers import Found
from producers.intake import Answer, Intake
from schema.store.database import Database
from schema.store.order import Accepted
from schema.store.reads import find_operations

Asked = tuple[Sequence[Answer], "asyncio.Future[Found]"]


class Viewer:
    """Offers and looks up what was accepted; one look at a time, for everybody who waits."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database = database
        self._intake = intake
        self._waiting: list[Asked] = []
        self._task: asyncio.Task[None] | None = None

    async def show(self, answers: Sequence[Answer]) -> Found:
        """Return the operations of some answers as they are now, by key; raise `Unreachable`."""
        if not any(isinstance(each, Accepted) for each in answers):
            return {}
        found: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append((answers, found))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await found

    def look(self, answers: Sequence[Answer]) -> Found:
        """Return the operations of some answers, asking in this thread."""
        keys = {each.operation for each in answers if isinstance(each, Accepted)}
        with self._database.look() as connection:
            return find_operations(connection, keys)

    async def _work(self) -> None:
        """Answer everybody who waits, until nobody does."""
        while self._waiting:
            group, self._waiting = self._waiting, []
            try:
                found = await run_in_threadpool(
                    self._offer_and_look, [answers for answers, _ in group]
                )
            except Exception as error:  # noqa: BLE001  each request answers it as its own
                _fail(group, error)
            else:
                _give(group, found)
        self._task = None

    def _offer_and_look(self, group: Sequence[Sequence[Answer]]) -> Found:
        """Offer what can begin, and look it all up."""
        for answers in group:
            self._intake.offer(answers)
        return self.look([each for answers in group for each in answers])


def _give(group: Sequence[Asked], found: Found) -> None:
    """Give what was found to those who still wait."""
    for _, waits in group:
        if not waits.done():
            waits.set_result(found)


def _fail(group: Sequence[Asked], error: Exception) -> None:
    """Tell those who still wait that nothing was found."""
    for _, waits in group:
        if not waits.done():
            waits.set_exception(error)
