"""CloudEvents as every protocol carries them: the media types, and the events in a body."""

from dataclasses import dataclass

from producers.parsing import NotJson, parse_json
from producers.reading import invalid
from schema.errors import Fault, Refusal, Refused

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The events of one request or message, as parsed JSON."""

    events: tuple[object, ...]
    is_batch: bool = False


def media_type(declared: str) -> str:
    """Return a content type without its parameters, in lower case."""
    return declared.partition(";")[0].strip().lower()


def read_body(kind: str, body: bytes) -> Delivery | None:
    """Return the events of a structured or batched body, None where it is neither; raise `Refused`."""
    if kind == STRUCTURED:
        return Delivery((parsed(body),))
    if kind != BATCH:
        return None
    events = parsed(body)
    if not isinstance(events, list):
        raise Refused(invalid((Fault("", "must be an array of CloudEvents"),)))
    return Delivery(tuple(events), is_batch=True)


def parsed(body: bytes) -> object:
    """Return the JSON of a body; raise `Refused` (400) where it is none."""
    try:
        return parse_json(body)
    except NotJson as error:
        raise Refused(Refusal("malformed", 400, f"the body is no JSON: {error}")) from error


def unsupported(wanted: str) -> Refused:
    """Return the refusal of a body of another type."""
    return Refused(Refusal("unsupported_media_type", 415, wanted))
