"""Intakes that fail as a test wants it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from producers.amqp.batch import Batches
from producers.intake import Answer, Intake
from schema.asker import Asker


class Killed(BaseException):
    """Raised where the process is killed."""


@dataclass
class Watched:
    """An intake that is watched: what happens before each acceptance and after it."""

    intake: Intake
    before: Callable[[Sequence[object]], None] = lambda _events: None
    after: Callable[[], None] = lambda: None
    sizes: list[int] = field(default_factory=list)

    def accept(self, events: Sequence[object], *, asker: Sequence[Asker]) -> list[Answer]:
        self.sizes.append(len(events))
        self.before(events)
        answers = self.intake.accept(events, asker=asker)
        self.after()
        return answers


def watching(batches: Batches, watched: Watched) -> Batches:
    """The same batches through a watched intake."""
    return replace(batches, intake=cast("Intake", watched))
