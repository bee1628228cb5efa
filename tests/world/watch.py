"""Watches how long each step keeps the event loop to itself."""

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from functools import wraps
from types import coroutine
from typing import Any

from tests.world.subjects import Subject
from tests.world.variants import with_workflow
from workers.workflow import Step


class Watch:
    """A subject whose steps of one verb are timed, from one wait to the next."""

    def __init__(self, subject: Subject, verb: str) -> None:
        #: The longest that each step took at a stretch, in seconds.
        self.longest: dict[str, float] = {}
        self.subject = with_workflow(
            subject,
            verb,
            lambda found: replace(found, steps=tuple(self._timed(s) for s in found.steps)),
        )

    def _timed(self, step: Step) -> Step:
        """Return a step whose functions are timed."""
        return replace(
            step,
            run=self._watched(step.name, step.run),
            ask=step.ask and self._watched(step.name, step.ask),
            undo=step.undo and self._watched(step.name, step.undo),
        )

    def _watched(
        self, name: str, function: Callable[..., Awaitable[Any]]
    ) -> Callable[..., Awaitable[Any]]:
        """Return a function that does the same and is timed."""

        @wraps(function)
        async def run(*given: object) -> Any:
            return await _stretches(function(*given), lambda took: self._note(name, took))

        return run

    def _note(self, name: str, took: float) -> None:
        """Keep the longest."""
        self.longest[name] = max(took, self.longest.get(name, 0.0))


@coroutine
def _stretches(work: Awaitable[Any], note: Callable[[float], None]) -> Generator[Any, Any, Any]:
    """Drive a coroutine, and tell how long each stretch of it took."""
    steps = work.__await__()
    sent: Any = None
    while True:
        begun = time.perf_counter()
        try:
            waited_for = steps.send(sent)
        except StopIteration as done:
            note(time.perf_counter() - begun)
            return done.value
        note(time.perf_counter() - begun)
        try:
            sent = yield waited_for
        except BaseException as error:
            steps.throw(error)
            raise
