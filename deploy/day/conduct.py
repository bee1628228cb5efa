"""Conducts a day: hands in each line at its time, and says when the day is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.core import Core
from deploy.day.pace import Pace
from deploy.day.played import Played
from deploy.day.script import (
    Kind,
    Line,
    NoCommand,
    Script,
    fault_body,
    groups,
    is_no_command,
    person_body,
)
from producers.intake import Answer, Intake
from schema.errors import Refusal
from schema.store.tally import left

#: Lines in one acceptance.
MOST = 500

#: So long a ticket stays open before nobody waits for its operation any more.
PATIENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Taken:
    """A command or customer that went in, and the answer to it."""

    line: Line
    answer: Answer


@dataclass(slots=True)
class Log:
    """What went in and how it was answered, as the day goes on."""

    taken: list[Taken] = field(default_factory=list)
    faults: int = 0
    wrong: list[NoCommand] = field(default_factory=list)


class Conductor:
    """Leads a day from its first line to its end."""

    def __init__(self, core: Core, intake: Intake, played: Played, pace: Pace) -> None:
        self._core = core
        self._intake = intake
        self._played = played
        self._pace = pace
        self.log = Log()

    def play(self, script: Script) -> None:
        """Play a day to its end, or until it is stopped."""
        self.log.wrong += script.wrong
        people = [line for line in script.lines if line.kind is Kind.PERSON]
        self._note(people, [self._played.add_person(person_body(line)) for line in people])
        others = [line for line in script.lines if line.kind is not Kind.PERSON]
        waiting = list(groups(others, MOST))[::-1]
        while not self._core.stop.is_set():
            self._pace.settle()
            next_at = waiting[-1][0].at if waiting else None
            if next_at is not None and next_at <= self._pace.now:
                self._hand_in(waiting.pop())
            elif not self._go_on(next_at):
                return

    def _go_on(self, next_at: datetime | None) -> bool:
        """Let time go on to the next line or what is due before it; False where the day is over."""
        until = next_at or self._end()
        if next_at is None and until is not None and until <= self._pace.now:
            return False
        return self._pace.go_on(until)

    def _end(self) -> datetime | None:
        """Return when the day is over; None while something goes on that has no ticket yet."""
        with self._core.database.look() as connection:
            found = left(connection)
        if found.without_ticket:
            return None
        over = found.last_ticket + PATIENCE if found.last_ticket else self._pace.now
        still = [each["due_at"] for each in self._played.people() if each["done_at"] is None]
        return max([over, *(datetime.fromisoformat(due_at) for due_at in still if due_at)])

    def _hand_in(self, lines: Sequence[Line]) -> None:
        """Hand in lines of one kind, and note what became of them."""
        if lines[0].kind is Kind.FAULT:
            answers = [self._played.add_fault(fault_body(line)) for line in lines]
            self.log.faults += answers.count(None)
            self._note(lines, answers)
            return
        taken = self._intake.accept([line.event for line in lines])
        for line, answer in zip(lines, taken, strict=True):
            if isinstance(answer, Refusal) and is_no_command(answer):
                self.log.wrong.append(NoCommand(line.place, answer))
            else:
                self.log.taken.append(Taken(line, answer))

    def _note(self, lines: Sequence[Line], answers: Sequence[Refusal | None]) -> None:
        """Note which lines the simulator does not play, and why."""
        pairs = zip(lines, answers, strict=True)
        self.log.wrong += [NoCommand(line.place, refusal) for line, refusal in pairs if refusal]
