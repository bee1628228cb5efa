"""`turnup submit` and `turnup customers load`: files of events, a line each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from deploy.commands.session import leave_to_the_relay, user, writing
from deploy.commands.waiting import wait_for
from deploy.display.answers import Answered, Counts, as_document, as_lines
from deploy.display.screen import print_json, say, warn
from deploy.keys import load_keys
from producers.answers import look_up
from producers.files import BadLine, EventLine, read_lines
from producers.intake import Answer, Intake
from schema.asker import Asker
from schema.command import CUSTOMER_CHANGED
from schema.errors import Refusal, StoreError
from schema.sealing import Sealer
from schema.views import Operation

#: Lines in one acceptance, which is one transaction.
BATCH = 500

Line = EventLine | BadLine


@dataclass(frozen=True, slots=True)
class Manner:
    """How a file is taken: whether all lines have to be customers, what is printed, and when."""

    only_customers: bool = False
    waits: bool = False
    is_dry_run: bool = False
    as_json: bool = False


def submit(lines: Iterable[bytes], manner: Manner) -> int:
    """Hand in every line and print what became of it; return 1 where one was refused or failed."""
    counts = Counts()
    pending: list[Answered] = []
    with writing() as (session, writer):
        sealer = Sealer(load_keys(session.settings, session.database))
        intake = Intake(writer, session.settings.products, leave_to_the_relay, sealer)
        for answered in _answers(intake, lines, manner):
            found = look_up(session.database, (each.answer for each in answered))
            counts.add(answered)
            if manner.waits and manner.as_json:
                pending += answered
            else:
                _print(answered, found, manner)
        if not manner.as_json:
            say(str(counts))
        if not manner.waits:
            return int(counts.has_refused)
        ended = wait_for(session.database, counts.operations)
        _print(pending, ended, manner)
    if not manner.as_json:
        say(Counts.of_ends(ended.values()))
    has_failed = any(each.state != "succeeded" for each in ended.values())
    return int(counts.has_refused or has_failed)


def _answers(
    intake: Intake, lines: Iterable[bytes], manner: Manner
) -> Iterator[Sequence[Answered]]:
    """Yield what became of the lines, a batch at a time."""
    read = read_lines(lines)
    while batch := list(islice(read, BATCH)):
        events = [each for each in batch if isinstance(each, EventLine)]
        if manner.only_customers or manner.is_dry_run:
            events = [each for each in events if _is_customer(each.event) is manner.only_customers]
        asked = [dry(each.event) if manner.is_dry_run else each.event for each in events]
        try:
            answers = intake.accept(asked, asker=Asker(user(), is_proven=True))
        except StoreError:
            warn(f"of line {batch[0].number} and those after it nothing was stored")
            raise
        by_line: Mapping[int, Answer] = {
            each.number: answer for each, answer in zip(events, answers, strict=True)
        }
        yield [_answered(each, by_line.get(each.number)) for each in batch]


def _answered(line: Line, answer: Answer | None) -> Answered:
    """Return a line with what became of it."""
    if isinstance(line, BadLine):
        return Answered(line.number, None, line.refusal)
    return Answered(line.number, line.event, answer or _left_out(line.event))


def dry(event: object) -> object:
    """Return a command as one of which only the plan is wanted; what is none is refused as it is."""
    data = event.get("data", {}) if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(data, dict):
        return event
    return {**event, "data": {**data, "dry_run": True}}


def _is_customer(event: object) -> bool:
    """Return whether an event is a customer's record."""
    return isinstance(event, dict) and event.get("type") == CUSTOMER_CHANGED


def _left_out(event: object) -> Refusal:
    """Return the refusal of a customer in a dry run, or of another event in a file of customers."""
    if _is_customer(event):
        return Refusal("invalid", 422, "is a customer, whose record a dry run does not store")
    detail = f"is no customer ({CUSTOMER_CHANGED}); commands go in by: turnup submit"
    return Refusal("invalid", 422, detail)


def _print(answered: Sequence[Answered], found: Mapping[int, Operation], manner: Manner) -> None:
    """Print what became of lines: a document each for programs, else as people read it."""
    for each in answered:
        if manner.as_json:
            document: dict[str, Any] = as_document(each, found)
            print_json(document, on_one_line=True)
        else:
            say(*as_lines(each, found))
