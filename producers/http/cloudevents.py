"""CloudEvents over HTTP: structured, in a batch, or in binary form (the CloudEvents HTTP binding 1.0)."""

from collections.abc import Mapping
from urllib.parse import unquote

from producers.cloudevents import (
    BATCH,
    BINARY,
    STRUCTURED,
    Delivery,
    media_type,
    parsed,
    read_body,
    unsupported,
)

#: One of these tells binary form; which of them are missing is then told like every other fault.
REQUIRED = frozenset({"ce-specversion", "ce-id", "ce-source", "ce-type"})

UNSUPPORTED = (
    f"send {STRUCTURED}, {BATCH}, or {BINARY} with the headers {', '.join(sorted(REQUIRED))}"
)


def read_delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Return the events of a request, whose header names are in lower case.

    Raises `Refused`: 415, 400 where a body is no JSON, 422 where a batch is no array.
    """
    kind = media_type(headers.get("content-type", ""))
    if delivery := read_body(kind, body):
        return delivery
    if kind == BINARY and not REQUIRED.isdisjoint(headers):
        return Delivery((_binary(headers, body),))
    raise unsupported(UNSUPPORTED)


def _binary(headers: Mapping[str, str], body: bytes) -> dict[str, object]:
    """Return the event whose attributes are headers, percent-encoded, and whose body is its data."""
    attributes = {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    data = parsed(body) if body.strip() else {}
    return {**attributes, "datacontenttype": headers["content-type"], "data": data}
