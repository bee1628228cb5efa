"""Commands and events as CloudEvents 1.0, and the base of every verb's fields."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    validate_email,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import custom_error_schema

from schema.errors import Fault

#: `turnup.<product>.<verb>`.
COMMAND_TYPE = re.compile(r"turnup\.(?P<product>[a-z][a-z0-9_]*)\.(?P<verb>[a-z][a-z0-9_]*)")

#: Reference data about customers arrives under this type, by every door.
CUSTOMER_CHANGED = "turnup.customer.changed"

#: What pydantic says of times, numbers and truths is about its parser; what is right helps more.
TIME_WANTED = "must be an RFC 3339 time with its zone, such as 2026-11-20T10:00:00Z"
INTEGER_WANTED = "must be a whole number, such as 3, without quotes"
WANTED = {
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_type", "timezone_aware"),
        TIME_WANTED,
    ),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), INTEGER_WANTED),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
}

#: Product names that mean something else.
RESERVED_PRODUCTS = frozenset({"customer", "simulator"})


@dataclass(frozen=True, slots=True)
class InWords:
    """What text has to look like, told in place of the pattern by which it is checked."""

    said: str

    def __get_pydantic_core_schema__(
        self,
        source: Any,  # noqa: ANN401  whatever is annotated
        handler: GetCoreSchemaHandler,
    ) -> CoreSchema:
        """Return the check of what is annotated, with one fault in these words."""
        checked = handler(source)
        return custom_error_schema(checked, "in_words", custom_error_message=self.said)


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"),
    InWords(
        "must be 1 to 80 letters, digits, dots, underscores and hyphens, a letter or digit first"
    ),
]
NAME = TypeAdapter[str](Name)


def _can_be_mailed(text: str) -> str:
    """Return an address, unless no mail server need know it (RFC 6531); a domain has another spelling for that."""
    _, address = validate_email(text)
    if not address.rpartition("@")[0].isascii():
        raise ValueError(
            "must have ASCII signs only before the @: nothing else is mailed everywhere"
        )
    return address


#: As pydantic's own `EmailStr`, but what checks it is loaded with the first address and not with the program.
Email = Annotated[
    str, AfterValidator(_can_be_mailed), WithJsonSchema({"type": "string", "format": "email"})
]
EventId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    InWords("must be text of 1 to 200 characters without control characters"),
]


class Envelope(BaseModel):
    """A CloudEvent in structured form; further extension attributes are allowed and kept aside."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="allow", frozen=True)

    specversion: Literal["1.0"]
    id: EventId
    source: EventId
    type: EventId
    subject: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    time: AwareDatetime | None = None
    datacontenttype: (
        Annotated[
            str,
            StringConstraints(pattern=r"^application/([a-z.]+\+)?json(;.*)?$"),
            InWords("must be application/json: the data is taken as JSON only"),
        ]
        | None
    ) = None
    actor: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    correlationid: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Command(BaseModel):
    """What every verb takes besides its own fields."""

    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", frozen=True, str_strip_whitespace=True
    )

    deadline: str | None = Field(
        None, description="An earlier deadline: an RFC 3339 time or a duration such as 10m"
    )
    not_before: AwareDatetime | None = Field(None, description="Start no earlier than this (CO-13)")
    dry_run: bool = Field(
        default=False, description="Only say what would happen to this command by itself"
    )


#: Writes JSON that is the same for the same content; made once, for making it takes longer than what it writes.
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=str).encode


def is_name(text: str) -> bool:
    """Return whether text can name a customer or a service."""
    try:
        NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def faults_of(error: ValidationError, under: str = "") -> tuple[Fault, ...]:
    """Return every fault of a validation error with its JSON pointer below `under`."""
    return tuple(Fault(under + pointer(each["loc"]), _said(each)) for each in error.errors())


def content_hash(kind: str, subject: str | None, data: Mapping[str, Any]) -> str:
    """Return the fingerprint of what a command asks for, whatever the order of its members."""
    canonical = _canonical([kind, subject, data])
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def to_cloudevent(
    kind: str,
    identity: str,
    time: datetime,
    data: Mapping[str, Any],
    **attributes: str | int | None,
) -> dict[str, Any]:
    """Return a structured CloudEvent; source and subject are attributes, and those that are None are left out."""
    named = {name: value for name, value in attributes.items() if value is not None}
    return {
        "specversion": "1.0",
        "type": kind,
        "id": identity,
        **named,
        "time": rfc3339(time),
        "datacontenttype": "application/json",
        "data": data,
    }


def rfc3339(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, with milliseconds only where it has some."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    in_utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return in_utc.isoformat(timespec=precision)[: -len("+00:00")] + "Z"


def pointer(location: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _said(fault: Mapping[str, Any]) -> str:
    """Return what is wrong in words of our own where pydantic's are about Python."""
    if fault["type"] == "missing":
        return "is missing"
    if fault["type"] == "extra_forbidden":
        return "is not known here"
    if fault["type"] in WANTED:
        return WANTED[fault["type"]]
    return str(fault["msg"]).removeprefix("Value error, ")
