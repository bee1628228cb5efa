"""The script of a day: what the lines of its files say, and when each of them goes in."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from deploy.kinds import read_length
from producers.files import BadLine, EventLine, read_lines
from producers.reading import invalid
from schema.calendar import OUT_OF_RANGE, is_in_range
from schema.command import CUSTOMER_CHANGED, Envelope, faults_of, rfc3339
from schema.errors import Fault, Refusal, TurnupError
from workers.simulator.scripted import FAULT, PERSON

TIME = TypeAdapter[datetime](AwareDatetime)

#: Reasons for which a line is no command at all, whatever the state of things.
NO_COMMAND = frozenset({"malformed", "unknown_product", "verb_not_supported"})

#: What belongs to the command in an event; all else is the CloudEvent's own.
OF_THE_COMMAND = ("/subject", "/data")


class UnusableScript(TurnupError):
    """Raised when a file of the day cannot be read, or its beginning is no time."""


class Kind(Enum):
    """Who takes a line."""

    CUSTOMER = "customer"
    COMMAND = "command"
    FAULT = "fault"
    PERSON = "person"


#: The types of the lines that only the simulator takes.
PLAYED = {FAULT: Kind.FAULT, PERSON: Kind.PERSON}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: its place among all lines, and how people find it."""

    order: int
    name: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds an event, where it stands, and when it goes in (None: at the start)."""

    place: Place
    kind: Kind
    event: object
    at: datetime | None = None
    #: How much later the day begins than it was written.
    later: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class NoCommand:
    """A line that is none, where it stands, and why."""

    place: Place
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Script:
    """All lines of a day in the order in which they go in, and those that cannot go in."""

    start: datetime
    lines: tuple[Line, ...]
    wrong: tuple[NoCommand, ...]

    def moved_to(self, start: datetime) -> "Script":
        """Return the same day beginning at another time, every line as far from its start."""
        later = start - self.start
        lines = (replace(line, at=line.at and line.at + later, later=later) for line in self.lines)
        return Script(start, tuple(lines), self.wrong)


def read_script(files: Sequence[Path], start: datetime | None) -> Script:
    """Read the day from files, beginning at `start` or at its earliest line; raise `UnusableScript`."""
    found = chain.from_iterable(_read(path, is_named=len(files) > 1) for path in files)
    read = [_line(Place(order, name), each) for order, (name, each) in enumerate(found)]
    lines = [each for each in read if isinstance(each, Line)]
    times = [line.at for line in lines if line.at is not None]
    begin = start or min(times, default=datetime.now(UTC).replace(microsecond=0))
    placed = [replace(line, at=max(line.at or begin, begin)) for line in lines]
    placed.sort(key=lambda line: line.at or begin)  # stable: in file order at the same instant
    return Script(begin, tuple(placed), tuple(each for each in read if isinstance(each, NoCommand)))


def read_start(written: str) -> datetime:
    """Return the moment that `--start` says; raise `UnusableScript`."""
    try:
        moment = TIME.validate_python(written).astimezone(UTC)
    except (ValidationError, OverflowError):
        moment = None
    if moment is None or not is_in_range(moment) or written.strip().isdigit():
        detail = f"--start: {written!r} is no time; write for example 2026-05-04T08:00:00+02:00"
        raise UnusableScript(detail)
    return moment


def is_no_command(refusal: Refusal) -> bool:
    """Return whether a line was refused because it is no command, and not for what it asks."""
    if refusal.reason == "invalid":
        return any(not _is_of_the_command(fault.pointer) for fault in refusal.faults)
    return refusal.reason in NO_COMMAND


def groups(lines: Iterable[Line], most: int) -> Iterator[tuple[Line, ...]]:
    """Yield neighbours of one kind and one time together, at most so many: each goes in as one."""
    group: list[Line] = []
    for line in lines:
        is_other = group and (line.kind, line.at) != (group[0].kind, group[0].at)
        if is_other or len(group) == most:
            yield tuple(group)
            group = []
        group.append(line)
    if group:
        yield tuple(group)


def fault_body(line: Line) -> dict[str, Any]:
    """Return what a fault line asks of the simulator; an `until` such as 30m counts from the line's time."""
    event = line.event if isinstance(line.event, dict) else {}
    body = dict(event.get("data", {}))
    until = body.get("until")
    if not isinstance(until, str) or line.at is None:
        return body
    with suppress(ValueError):
        return {**body, "until": rfc3339(line.at + read_length(until))}
    at = _time(until)
    return {**body, "until": rfc3339(at + line.later)} if at else body


def person_body(line: Line) -> dict[str, Any]:
    """Return what a person's line asks of the simulator; he counts and waits from its time on."""
    event = line.event if isinstance(line.event, dict) else {}
    return {"at": rfc3339(line.at), **event.get("data", {})} if line.at else dict(event["data"])


def _is_of_the_command(pointer: str) -> bool:
    """Return whether a pointer leads to what a command asks for."""
    return any(pointer == each or pointer.startswith(f"{each}/") for each in OF_THE_COMMAND)


def _read(path: Path, *, is_named: bool) -> Iterator[tuple[str, EventLine | BadLine]]:
    """Yield the lines of a file, and what they are called."""
    try:
        with path.open("rb") as file:
            lines = list(read_lines(file))
    except OSError as error:
        raise UnusableScript(f"the file {path} cannot be read: {error.strerror}") from error
    for each in lines:
        yield f"{path.name}:{each.number}" if is_named else f"line {each.number}", each


def _line(place: Place, read: EventLine | BadLine) -> Line | NoCommand:
    """Return a line with its kind and time; the doors say what else is wrong with it."""
    if isinstance(read, BadLine):
        return NoCommand(place, read.refusal)
    event = read.event
    given = event if isinstance(event, dict) else {}
    kind, at = given.get("type"), _time(given.get("time"))
    if at is not None and not is_in_range(at):
        return NoCommand(place, invalid((Fault("/time", OUT_OF_RANGE),)))
    if kind in PLAYED and (faults := _wrong_envelope(given)):
        return NoCommand(place, invalid(faults))
    known = {**PLAYED, CUSTOMER_CHANGED: Kind.CUSTOMER}
    return Line(place, known.get(str(kind), Kind.COMMAND), event, at)


def _time(written: object) -> datetime | None:
    """Return the time that an event names; None where it names none, or one that its door refuses."""
    try:
        return TIME.validate_python(written).astimezone(UTC) if isinstance(written, str) else None
    except (ValidationError, OverflowError):
        return None


def _wrong_envelope(event: dict[str, object]) -> tuple[Fault, ...]:
    """Return what keeps an event from being a CloudEvent."""
    try:
        Envelope.model_validate(event)
    except ValidationError as error:
        return faults_of(error)
    return ()
