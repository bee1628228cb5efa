"""Reading a call history as the vendor exports it: CSV with a row for each party of a call (ML-10).

Columns are found by their names, in any order; times are UTC where they name no other offset, durations are seconds.
"""

import csv
import re
from codecs import iterdecode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from producers.files import BadLine
from producers.reading import invalid
from schema.command import faults_of
from schema.errors import Fault, Refusal, Refused
from schema.lifecycle import Product
from schema.store.call_history import Call
from schema.telephone import e164

#: By what the vendor tells of which product a call is.
MARK = "Sub client type"

TIME = re.compile(
    r"(19|20)\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
TIME_WANTED = "must be a time such as 2026-05-29T10:00:00.000Z"

NUMBER_WANTED = "names no line: neither it nor the user's side is a number such as +390612345001"

#: As wide as the column in which it is kept.
MOST_SECONDS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class CallLine:
    """A row that is a call of one of our products, by the number of its line in the file."""

    number: int
    call: Call


@dataclass(frozen=True, slots=True)
class OtherLine:
    """A row about a call that was made with something else."""

    number: int


def _utc(text: str) -> datetime:
    """Return the time that a cell tells."""
    try:
        found = datetime.fromisoformat(text if TIME.fullmatch(text) else "")
    except ValueError:
        raise ValueError(TIME_WANTED) from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


class CallRow(BaseModel):
    """What is read of a row."""

    model_config = ConfigDict(hide_input_in_errors=True, str_strip_whitespace=True)

    record: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,100}$")] = Field(alias="Report ID")
    began_at: Annotated[datetime, BeforeValidator(_utc)] = Field(alias="Start time")
    direction: Literal["ORIGINATING", "TERMINATING"] = Field(alias="Direction")
    calling: str = Field(alias="Calling number")
    called: str = Field(alias="Called number")
    seconds: int = Field(alias="Duration", ge=0, le=MOST_SECONDS)
    is_answered: bool = Field(alias="Answered")
    user_number: str = Field("", alias="User number")

    @property
    def e164(self) -> str | None:
        """The number of the line: the user's, or that of his side of the call where he has an extension only."""
        side = self.calling if self.direction == "ORIGINATING" else self.called
        return next(filter(None, map(_number, (self.user_number, side))), None)


def _number(text: str) -> str | None:
    """Return the number that a cell names as it is kept."""
    with suppress(ValueError):
        return e164(text)
    return None


#: Without these columns it is no call history.
NEEDED = (MARK, *(str(each.alias) for each in CallRow.model_fields.values() if each.is_required()))


def read_calls(
    lines: Iterable[bytes], products: Iterable[Product]
) -> Iterator[CallLine | OtherLine | BadLine]:
    """Return what each row is, in order and one at a time; raise `Refused` for a file that is no call history."""
    marks = {each.call_mark: each.name for each in products if each.call_mark}
    reader = csv.reader(iterdecode(lines, "utf-8-sig", errors="replace"), strict=True)
    columns, width = _columns(reader)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _bad(reader.line_num, f"this row is no CSV: {error}")
            continue
        if len(cells) == width:
            named = {name: cells[at] for name, at in columns.items()}
            yield _read(reader.line_num, named, marks)
        elif cells:
            yield _bad(reader.line_num, f"this row has {len(cells)} cells, not {width}")


def _columns(header: Iterator[Sequence[str]]) -> tuple[Mapping[str, int], int]:
    """Return where each column stands that is read, and how many there are."""
    try:
        names = [" ".join(name.split()).casefold() for name in next(header, [])]
    except csv.Error as error:
        raise Refused(Refusal("malformed", 400, f"this is no CSV: {error}")) from error
    wanted = (MARK, *(str(each.alias) for each in CallRow.model_fields.values()))
    found = {name: names.index(name.casefold()) for name in wanted if name.casefold() in names}
    if missing := [name for name in NEEDED if name not in found]:
        detail = f"this is no call history: it has no column {', '.join(missing)}"
        raise Refused(Refusal("malformed", 400, detail))
    return found, len(names)


def _read(
    line: int, cells: Mapping[str, str], marks: Mapping[str, str]
) -> CallLine | OtherLine | BadLine:
    """Return what a row is: its product's call, with all that is wrong with it, or none of ours."""
    product = marks.get(cells[MARK].strip().upper())
    if product is None:
        return OtherLine(line)
    try:
        row = CallRow.model_validate(cells)
    except ValidationError as error:
        return BadLine(line, invalid(faults_of(error)))
    if row.e164 is None:
        return BadLine(line, invalid((Fault("/User number", NUMBER_WANTED),)))
    direction: Literal["incoming", "outgoing"]
    direction = "outgoing" if row.direction == "ORIGINATING" else "incoming"
    named = (row.record, product, row.e164, row.began_at)
    return CallLine(line, Call(*named, direction, row.seconds, row.is_answered))


def _bad(line: int, detail: str) -> BadLine:
    """Return a row that cannot be read."""
    return BadLine(line, Refusal("malformed", 400, detail))
