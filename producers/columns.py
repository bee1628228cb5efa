"""Which column of a file is which field of a verb, and what the text in a cell says for it.

Columns are called as the fields are in the verb's JSON Schema (dots for what is inside another), as the product calls
them (`Verb.columns`), or as whoever hands the file in says. It works for every product, also one that comes later.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from producers.parsing import NotJson, parse_json
from producers.reading import DRY_RUN
from schema.errors import Fault
from schema.lifecycle import Verb

#: Columns of a command that are no fields of its verb: the two parts of its subject, and the envelope's own.
CUSTOMER, REFERENCE, ID = "customer", "reference", "id"
SUBJECT = "/subject"
ATTRIBUTES = (ID, "source", "actor", "correlationid")

#: What stands between the items of a list in one cell.
BETWEEN = "|"

#: What a spreadsheet makes of a long number: its last digits are lost.
ROUNDED = re.compile(r"[+-]?\d+([.,]\d+)?E\+\d+")
ROUNDED_WANTED = (
    "is a number that a spreadsheet has rounded; make its column text, and enter it again"
)

INTEGER, NUMBER = re.compile(r"-?\d{1,18}"), re.compile(r"-?\d{1,15}(\.\d{1,15})?")
BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """Where a value goes, with what its JSON Schema allows there; without a schema it takes text."""

    path: tuple[str, ...]
    allows: tuple[Json, ...] = ()

    @property
    def name(self) -> str:
        """The name of its column."""
        return ".".join(self.path)


class Fields:
    """All that a file can say for a verb."""

    def __init__(self, verb: Verb) -> None:
        self.verb = verb
        self._schema = verb.command.model_json_schema()

    def find(self, name: str) -> Field | None:
        """Return the field that a column is called after."""
        said = self._spelled.get(name.casefold(), name)
        if said in {CUSTOMER, REFERENCE, *ATTRIBUTES}:
            return Field((said,))
        path = tuple(said.split("."))
        allows: tuple[Json, ...] = (self._schema,) if path[0] != DRY_RUN else ()
        for part in path:
            allows = tuple(self._inside(allows, part))
        return Field(path, allows) if allows else None

    @property
    def known(self) -> list[str]:
        """The columns that there can be; of what is inside another only those that it needs."""
        own = {field: column for column, field in self.verb.columns.items()}
        names = [own.get(name, name) for name in self._schema["properties"] if name != DRY_RUN]
        inner = [each for name in names for each in self.needed(name)]
        return [CUSTOMER, REFERENCE, *inner, *ATTRIBUTES]

    @property
    def required(self) -> list[str]:
        """The fields without which there is no command."""
        needed = [] if self.verb.creates else [REFERENCE]
        return [*needed, *self._schema.get("required", ())]

    def needed(self, column: str) -> list[str]:
        """Return the columns without which a field is missing: those of what it holds, where that needs any."""
        field = self.find(column)
        inner = (
            [name for each in field.allows for name in each.get("required", ())] if field else []
        )
        return [each for name in inner for each in self.needed(f"{column}.{name}")] or [column]

    def column_of(self, field: str) -> str:
        """Return how the product calls the column of a field."""
        return next((name for name, each in self.verb.columns.items() if each == field), field)

    @cached_property
    def _spelled(self) -> Mapping[str, str]:
        """What columns mean in whatever case they are written."""
        names = (CUSTOMER, REFERENCE, *ATTRIBUTES, *self._schema["properties"])
        own = {column.casefold(): field for column, field in self.verb.columns.items()}
        return {name.casefold(): name for name in names} | own

    def _inside(self, schemas: Iterable[Json], name: str) -> Iterator[Json]:
        """Yield what schemas allow for a member of theirs."""
        for schema in schemas:
            for each in self._alternatives(schema):
                if name in each.get("properties", {}):
                    yield from self._alternatives(each["properties"][name])

    def _alternatives(self, schema: Json) -> Iterator[Json]:
        """Yield what a schema allows in its stead, but for null: nothing is said by an empty cell."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self._alternatives(self._schema["$defs"][name])
            return
        inner = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        for each in inner:
            yield from self._alternatives(each)
        if not inner and schema.get("type") != "null":
            yield schema

    def value(self, field: Field, text: str) -> tuple[Any, tuple[Fault, ...]]:
        """Return what text says for a field, and what is wrong with it; what it cannot say stays text."""
        if ROUNDED.fullmatch(text.strip()):
            return text, (Fault(pointer_of(field), ROUNDED_WANTED),)
        return self._value(field.allows, text), ()

    def _value(self, allows: tuple[Json, ...], text: str) -> Any:  # noqa: ANN401  whatever JSON has
        """Return what text says where one of these schemas holds."""
        kinds = {kind for each in allows for kind in _kinds(each)}
        if text.strip()[:1] in {"[", "{"} and kinds & {"array", "object"}:
            return _parsed(text)
        if not allows or "string" in kinds:
            return text
        if "array" in kinds:
            items = [each["items"] for each in allows if isinstance(each.get("items"), dict)]
            inner = tuple(found for each in items for found in self._alternatives(each))
            return [self._value(inner, each.strip()) for each in text.split(BETWEEN)]
        return _plain(text.strip(), kinds)


def pointer_of(field: Field) -> str:
    """Return the JSON pointer of a field in a command; the two parts of its subject are told apart."""
    if field.path[0] in {CUSTOMER, REFERENCE}:
        return f"{SUBJECT}/{field.path[0]}"
    if field.path[0] in ATTRIBUTES:
        return f"/{field.path[0]}"
    return "/data/" + "/".join(field.path)


def _kinds(schema: Json) -> Iterator[str]:
    """Yield the types of JSON that a schema allows."""
    said = schema.get("type")
    if isinstance(said, str):
        yield said
    elif isinstance(said, list):
        yield from said
    else:
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        for each in values:
            yield "string" if isinstance(each, str) else "integer"


def _parsed(text: str) -> object:
    """Return what a cell says in JSON, or its text where it is none."""
    try:
        return parse_json(text)
    except NotJson:
        return text


def _plain(text: str, kinds: set[str]) -> object:
    """Return the number or the truth that text says, or the text where it says none."""
    if "integer" in kinds and INTEGER.fullmatch(text):
        return int(text)
    if "number" in kinds and NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in kinds:
        return BOOLEANS.get(text.casefold(), text)
    return text
