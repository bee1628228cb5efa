"""Offers as one what requests had accepted at the same time: messages one by one cost workers more than all else."""

import asyncio
from collections.abc import Sequence

from producers.intake import Answer, Intake


class Offering:
    """Gathers the answers of all requests that a turn of the event loop goes on with."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._waiting: list[Sequence[Answer]] = []

    async def offer(self, answers: Sequence[Answer]) -> None:
        """Offer what can begin, together with whatever was stored in the same transaction."""
        self._waiting.append(answers)
        await asyncio.sleep(0)
        waiting, self._waiting = self._waiting, []
        if waiting:  # else somebody has offered it all
            self._intake.offer_together(waiting)
