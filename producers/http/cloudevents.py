"""CloudEvents over HTTP: structured, in a batch, or in binary form (the CloudEvents HTTP binding 1.0)."""

from collections.abc import Mapping
from urllib.parse import unquote

from producers.cloudevents import (
    BATCH,
    BINARY,
    REQUIRED,
    STRUCTURED,
    Delivery,
    media_type,
    read_body,
)

UNSUPPORTED = (
    f"send {STRUCTURED}, {BATCH}, or {BINARY} with the headers "
    f"{', '.join(f'ce-{name}' for name in sorted(REQUIRED))}"
)


def read_delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Return the events of a request, whose header names are in lower case; raise what `read_body` does."""
    declared = headers.get("content-type", "")
    kind = media_type(declared)
    named = _attributes(headers) | {"datacontenttype": declared} if kind == BINARY else {}
    return read_body(kind, body, named, UNSUPPORTED)


def _attributes(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of binary form, which are headers, percent-encoded."""
    return {
        name.removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.startswith("ce-")
    }
