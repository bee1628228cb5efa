"""CloudEvents over HTTP: structured, in a batch, or in binary form (the CloudEvents HTTP binding 1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from producers.parsing import NotJson, parse_json
from producers.reading import invalid
from schema.errors import Fault, Refusal, Refused

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
BINARY = "application/json"

#: One of these tells binary form; which of them are missing is then told like every other fault.
REQUIRED = frozenset({"ce-specversion", "ce-id", "ce-source", "ce-type"})

UNSUPPORTED = (
    f"send {STRUCTURED}, {BATCH}, or {BINARY} with the headers {', '.join(sorted(REQUIRED))}"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The events of one request, as parsed JSON."""

    events: tuple[object, ...]
    is_batch: bool = False


def read_delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Return the events of a request, whose header names are in lower case.

    Raises `Refused`: 415, 400 where a body is no JSON, 422 where a batch is no array.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == STRUCTURED:
            return Delivery((parse_json(body),))
        if kind == BATCH:
            return _batch(parse_json(body))
        if kind == BINARY and not REQUIRED.isdisjoint(headers):
            return Delivery((_binary(headers, body),))
    except NotJson as error:
        raise Refused(Refusal("malformed", 400, f"the body is no JSON: {error}")) from error
    raise Refused(Refusal("unsupported_media_type", 415, UNSUPPORTED))


def _batch(events: object) -> Delivery:
    """Return the events of a batch."""
    if not isinstance(events, list):
        raise Refused(invalid((Fault("", "must be an array of CloudEvents"),)))
    return Delivery(tuple(events), is_batch=True)


def _binary(headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    """Return the event whose attributes are headers, percent-encoded, and whose body is its data."""
    attributes = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    data = parse_json(body) if body.strip() else {}
    return {**attributes, "datacontenttype": headers["content-type"], "data": data}
