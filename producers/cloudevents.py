"""CloudEvents as every protocol carries them: the media types, and the events in a body."""

from collections.abc import Mapping
from dataclasses import dataclass

from producers.parsing import NotJson, parse_json
from producers.reading import invalid
from schema.errors import Fault, Refusal, Refused

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"

#: One of these tells binary form; which of them are missing is then told like every other fault.
REQUIRED = frozenset({"specversion", "id", "source", "type"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """The events of one request or message, as parsed JSON."""

    events: tuple[object, ...]
    is_batch: bool = False


def media_type(declared: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return declared.partition(";")[0].strip().lower()


def read_body(
    kind: str, body: bytes, attributes: Mapping[str, object], unsupported: str
) -> Delivery:
    """Return the events of a body; binary form has its attributes beside it.

    Raises `Refused`: 415 as `unsupported` says, 400 where a body is no JSON, 422 where a batch is no array.
    """
    if kind == STRUCTURED:
        return Delivery((_parsed(body),))
    if kind == BATCH:
        events = _parsed(body)
        if not isinstance(events, list):
            raise Refused(invalid((Fault("", "must be an array of CloudEvents"),)))
        return Delivery(tuple(events), is_batch=True)
    if REQUIRED.isdisjoint(attributes):
        raise Refused(Refusal("unsupported_media_type", 415, unsupported))
    data = _parsed(body) if body.strip() else {}
    return Delivery(({**attributes, "data": data},))


def _parsed(body: bytes) -> object:
    """Return the JSON of a body; raise `Refused` (400) where it is none."""
    try:
        return parse_json(body)
    except NotJson as error:
        raise Refused(Refusal("malformed", 400, f"the body is no JSON: {error}")) from error
