"""Rows of a file as commands, all with one verb (SD-9, SA-2, BU-10): a header is checked once, then each row by itself.

A row's deduplication key is the fingerprint of what was handed in with the row's number, or what its column `id` says:
the same file again is the same commands, wherever a crash has stopped it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256
from typing import Any

from producers.columns import (
    ATTRIBUTES,
    CUSTOMER,
    ID,
    REFERENCE,
    SUBJECT,
    Field,
    Fields,
    pointer_of,
)
from producers.parsing import write_json
from producers.reading import invalid, verb_of
from producers.sheets import Row
from schema.command import is_name
from schema.errors import Fault, Refusal, Refused
from schema.lifecycle import Product, Verb

UNKNOWN = "is not known here"
MISSING = "is missing"
NAME_WANTED = "must be 1 to 80 letters, digits, dots, underscores and hyphens"
EMPTY = {
    CUSTOMER: "is empty: it says whose service it is, or --customer says it for all rows",
    REFERENCE: "is empty: it is the name of the service",
}
OR_BY_ROW = ", or leave this column out, and each service is named after its row"
TWICE = "says the same as {0}"
ON_COMMAND_LINE = "must not stand in a command line, where others see it: give it in a column"
NO_FINGERPRINT = "is missing: of a file that holds secrets no fingerprint is kept, so columns say which row is which"

#: So many commands are named where one is written otherwise than any.
CLOSEST = 3

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said beside the file: the commands' type, what holds for all rows, and columns called otherwise."""

    kind: str
    constants: Mapping[str, str]
    names: Mapping[str, str]

    def digest(self, content: str) -> str:
        """Return the fingerprint of all that is handed in: the same again is the same commands."""
        said = [self.kind, sorted(self.constants.items()), sorted(self.names.items()), content]
        return sha256(write_json(said)[0]).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Draft:
    """The command of a row, and what is wrong with its cells already."""

    event: Event
    faults: tuple[Fault, ...] = ()


class Bulk:
    """Knows the verb and the columns of a file; raises `Refused` with every fault of its header."""

    def __init__(
        self,
        wanted: Wanted,
        products: Mapping[str, Product],
        columns: tuple[str, ...] | None,
        content: str,
    ) -> None:
        verb = _verb(wanted.kind, products)
        self._fields = Fields(verb)
        self._wanted = wanted
        self._verb = verb
        self._digest = wanted.digest(content)
        self._constants: list[tuple[Field, Any]] = []
        self._found: dict[str, Field] = {}
        faults = [*self._set_constants(), *self._check_names(columns)]
        if columns is not None:
            faults += self._check(columns)
        if faults:
            raise Refused(self._refusal(tuple(faults)))

    def identity(self, row: Row | None, number: int) -> str:
        """Return what tells a row's command apart from all others; a row that cannot be read has only its number."""
        cells = row.cells.items() if row else ()
        named = [str(each).strip() for column, each in cells if self._is(ID, column)]
        return named[0] if named else f"{self._digest}:{number}"

    def draft(self, row: Row) -> Draft:
        """Return the command that a row asks for."""
        said = [*self._constants]
        faults: list[Fault] = []
        for column, cell in row.cells.items():
            field = self._field(column) or Field((column,))
            value, wrong = self._read(field, cell)
            faults += wrong
            if any(field.path == other.path for other, _ in self._constants):
                faults.append(Fault(pointer_of(field), "is said for all rows already"))
            elif value is not None:
                said.append((field, value))
        faults += self._unkept({field.path[0] for field, _ in said})
        event = self._event(row, said)
        return Draft(event, (*faults, *self._unnamed(event["subject"])))

    def told(self, refusal: Refusal) -> Refusal:
        """Return a refusal whose faults name the columns of the file."""
        faults = refusal.faults
        if refusal.reason == "unknown_customer":
            faults = (Fault(f"{SUBJECT}/{CUSTOMER}", faults[0].detail),)
        elif any(each.pointer.startswith(f"{SUBJECT}/") for each in faults):
            faults = tuple(each for each in faults if each.pointer != SUBJECT)
        named = [
            Fault(self._column(place), each.detail)
            for each in faults
            for place in self._places(each)
        ]
        return replace(refusal, faults=tuple(named))

    def _places(self, fault: Fault) -> list[str]:
        """Return the pointers of a fault: of what is missing, those of all that it needs."""
        if fault.detail != MISSING or not fault.pointer.startswith("/data/"):
            return [fault.pointer]
        name = fault.pointer.removeprefix("/data/").replace("/", ".")
        return [f"/data/{each.replace('.', '/')}" for each in self._fields.needed(name)]

    def _refusal(self, faults: tuple[Fault, ...]) -> Refusal:
        """Return the refusal of a whole file."""
        known = ", ".join(self._fields.known)
        detail = f"nothing was handed in; the columns of {self._wanted.kind} can be: {known}"
        return replace(invalid(faults), detail=detail)

    def _event(self, row: Row, said: list[tuple[Field, Any]]) -> Event:
        """Return what fields say as a CloudEvent."""
        data: Event = {}
        parts = {CUSTOMER: "", REFERENCE: ""}
        if self._verb.creates and not any(self._is(REFERENCE, column) for column in row.cells):
            parts[REFERENCE] = f"{self._digest[:12]}-{row.number}"
        event: Event = {
            "specversion": "1.0",
            "id": self.identity(row, row.number),
            "source": f"file:{self._wanted.kind}",
            "type": self._wanted.kind,
            "data": data,
        }
        for field, value in said:
            name = field.path[0]
            if name in parts:
                parts[name] = value if isinstance(value, str) else ""
            elif name in ATTRIBUTES:
                event[name] = value
            else:
                _put(data, field.path, value)
        return {**event, "subject": f"{parts[CUSTOMER]}/{parts[REFERENCE]}"}

    def _unnamed(self, subject: str) -> Iterator[Fault]:
        """Yield what is wrong with the customer and the reference of a row, each by itself."""
        customer, _, reference = subject.partition("/")
        for name, said in ((CUSTOMER, customer), (REFERENCE, reference)):
            if not is_name(said):
                detail = NAME_WANTED if said else EMPTY[name]
                if not said and name == REFERENCE and self._verb.creates:
                    detail += OR_BY_ROW
                yield Fault(pointer_of(Field((name,))), detail)

    def _read(self, field: Field, cell: object) -> tuple[Any, tuple[Fault, ...]]:
        """Return the value of a cell, None where it says nothing, and what is wrong with it."""
        if not isinstance(cell, str):
            return cell, ()
        if not cell.strip():
            return None, ()
        value, faults = self._fields.value(field, cell)
        return (value if field.allows else cell.strip()), faults

    def _field(self, column: str) -> Field | None:
        """Return the field of a column; one that is known is looked for once."""
        if column in self._found:
            return self._found[column]
        field = self._fields.find(self._wanted.names.get(column, column))
        if field is not None:
            self._found[column] = field
        return field

    def _is(self, name: str, column: str) -> bool:
        """Return whether a column is the one of this name."""
        field = self._field(column)
        return field is not None and field.path == (name,)

    def _column(self, pointer: str) -> str:
        """Return the column that a JSON pointer of the command means."""
        columns = {pointer_of(field): column for column, field in self._found.items()}
        where = pointer
        while where:
            if where in columns:
                return columns[where]
            where = where.rpartition("/")[0]
        if pointer.startswith(SUBJECT):
            return pointer.removeprefix(SUBJECT).removeprefix("/") or REFERENCE
        name = pointer.removeprefix("/data").strip("/").replace("/", ".")
        return self._fields.column_of(name) or pointer

    def _set_constants(self) -> Iterator[Fault]:
        """Take what holds for all rows, and yield what is wrong with it."""
        for name, text in self._wanted.constants.items():
            field = self._fields.find(name)
            if field is None or field.path == (ID,):
                yield Fault(name, UNKNOWN)
            elif field.path[0] in self._verb.secrets:
                yield Fault(name, ON_COMMAND_LINE)
            else:
                value, faults = self._read(field, text)
                self._constants.append((field, value))
                yield from (Fault(name, each.detail) for each in faults)

    def _check_names(self, columns: tuple[str, ...] | None) -> Iterator[Fault]:
        """Yield what is wrong with the columns that are called otherwise."""
        for column, name in self._wanted.names.items():
            if columns is not None and column not in columns:
                yield Fault(column, "is no column of this file")
            if self._fields.find(name) is None:
                yield Fault(column, f"{name} {UNKNOWN}")

    def _check(self, columns: tuple[str, ...]) -> Iterator[Fault]:
        """Yield what is wrong with the columns of a header: unknown, twice or missing."""
        for column in columns:
            if not column:
                yield Fault("", "a column has no name")
            elif self._field(column) is None and column not in self._wanted.names:
                yield Fault(column, UNKNOWN)
        named = [(column, self._field(column)) for column in columns if column]
        fixed = [(f"--set {field.name}", field) for field, _ in self._constants]
        known = [(name, field.path) for name, field in (*named, *fixed) if field]
        yield from _said_twice(known)
        given = {path[0] for _, path in known}
        for name in [CUSTOMER, *self._fields.required]:
            if name not in given:
                needed = self._fields.needed(self._fields.column_of(name))
                yield from (Fault(each, MISSING) for each in needed)
        yield from (Fault(each.pointer[1:], each.detail) for each in self._unkept(given))

    def _unkept(self, given: set[str]) -> Iterator[Fault]:
        """Yield what is missing where fields are secrets: the keys of rows must not come from what is secret."""
        if given & self._verb.secrets:
            yield from (
                Fault(f"/{name}", NO_FINGERPRINT) for name in (ID, REFERENCE) if name not in given
            )


def planned(event: Event) -> Event:
    """Return a command of which only the plan is wanted."""
    return {**event, "data": {**event["data"], "dry_run": True}}


def _verb(kind: str, products: Mapping[str, Product]) -> Verb:
    """Return the verb that a command's type names; raise `Refused` where there is none."""
    named = verb_of(kind, products)
    if named is None:
        known = [f"turnup.{name}.{each}" for name, one in products.items() for each in one.verbs]
        near = ", ".join(get_close_matches(kind, known, n=CLOSEST, cutoff=0))
        detail = f"{kind[:80]} is no command; did you mean {near}? turnup products names them all"
        raise Refused(Refusal("unknown_command", 422, detail))
    return named[1]


def _put(data: Event, path: tuple[str, ...], value: object) -> None:
    """Put a value where its path says."""
    *outer, last = path
    for part in outer:
        data = data.setdefault(part, {})
    data[last] = value


def _said_twice(named: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Fault]:
    """Yield which columns say what one before them says."""
    said: dict[tuple[str, ...], str] = {}
    for name, path in named:
        other = next((first for known, first in said.items() if _overlaps(known, path)), None)
        if other is None:
            said[path] = name
        else:
            yield Fault(name, TWICE.format(other))


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Return whether a field is another, or inside of it."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
