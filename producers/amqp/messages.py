"""Messages as upstream sends them: CloudEvents structured, in a batch, or in binary form.

The attributes of binary form are headers, in the spelling of RabbitMQ's own clients (`ce-`) or of AMQP 1.0
(`cloudEvents_`, `cloudEvents:`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pika

from producers.cloudevents import BATCH, BINARY, STRUCTURED, Delivery, media_type, read_body
from producers.reading import verb_of
from schema.command import rfc3339
from schema.errors import Refusal, Refused
from schema.lifecycle import Product, Verb

#: A larger message is refused, as by HTTP, in bytes: 8 MiB.
MOST_BYTES = 8 * 1024 * 1024

SPELLINGS = ("ce-", "cloudEvents_", "cloudEvents:")

#: Who sent it first, in a message that was sent on by ourselves.
USER = "turnup-user"

#: A number of so many seconds would be a date in far future: it counts milliseconds.
MILLISECONDS = 100_000_000_000

PLAIN_ENCODINGS = {"", "identity", "utf-8"}

UNSUPPORTED = (
    f"send {STRUCTURED}, {BATCH}, or {BINARY} with the headers ce-specversion, ce-id, ce-source, ce-type, "
    "without a content encoding"
)
TOO_LARGE = f"a message has at most {MOST_BYTES} bytes"

HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Message:
    """One message with what its broker says about it; `tag` is by what it is acknowledged."""

    tag: int
    routing_key: str
    properties: pika.BasicProperties
    body: bytes
    is_redelivered: bool = False

    @property
    def headers(self) -> Mapping[str, Any]:
        """The headers, of any kind of value."""
        return self.properties.headers or {}

    @property
    def deliveries(self) -> int:
        """How often it was handed out before, and never acknowledged."""
        counted = self.headers.get("x-delivery-count", 0)
        return counted if self.is_redelivered and isinstance(counted, int) else 0


def read_message(message: Message) -> Delivery:
    """Return the events of a message; raise `Refused` (400, 413, 415, 422)."""
    if len(message.body) > MOST_BYTES:
        raise Refused(Refusal("too_large", 413, TOO_LARGE))
    properties = message.properties
    kind = media_type(_text(properties.content_type))
    if _text(properties.content_encoding).lower() not in PLAIN_ENCODINGS:
        raise Refused(Refusal("unsupported_media_type", 415, UNSUPPORTED))
    named = dict(attributes(message.headers)) | {"datacontenttype": kind or BINARY}
    return read_body(kind, message.body, named, UNSUPPORTED)


def user_of(message: Message, ourselves: str) -> str | None:
    """Return the user that the broker vouches for; what we sent on ourselves is the first sender's."""
    user: str | None = message.properties.user_id
    if user != ourselves or USER not in message.headers:
        return user
    return _text(message.headers[USER]) or None


def secrets_refused(event: object, products: Mapping[str, Product]) -> Refusal | None:
    """Return the refusal of a verb that carries a secret, which no queue may hold (CO-4)."""
    named = _verb(event, products)
    if named is None or not named[1].secrets:
        return None
    detail = (
        f"{named[0].name} {named[1].name} carries a secret, which may not pass a queue: "
        "send it over HTTP, or by turnup submit"
    )
    return Refusal("secret_in_queue", 422, detail)


def without_secrets(event: object, products: Mapping[str, Product]) -> object:
    """Return an event whose secrets are hidden."""
    named = _verb(event, products)
    if named is None or not named[1].secrets:
        return event
    given = cast("dict[str, Any]", event)
    data = given.get("data")
    fields = data if isinstance(data, dict) else {}
    hidden = {name: HIDDEN if name in named[1].secrets else value for name, value in fields.items()}
    return {**given, "data": hidden}


def _verb(event: object, products: Mapping[str, Product]) -> tuple[Product, Verb] | None:
    """Return what an event asks for, None where that is nothing that is known."""
    return verb_of(event.get("type"), products) if isinstance(event, dict) else None


def attributes(headers: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Return the attributes of binary form by their names; the first spelling wins."""
    for spelling in reversed(SPELLINGS):
        for name, value in headers.items():
            if name.lower().startswith(spelling.lower()):
                attribute = name[len(spelling) :].lower()
                yield attribute, _moment(value) if attribute == "time" else _text(value)


def _moment(value: object) -> str:
    """Return a time, which may be text, a moment, or seconds or milliseconds since 1970, as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) >= MILLISECONDS else value
        try:
            return rfc3339(datetime.fromtimestamp(seconds, UTC))
        except (ArithmeticError, OSError, ValueError):
            return str(value)
    return rfc3339(value) if isinstance(value, datetime) else _text(value)


def _text(value: object) -> str:
    """Return a header or property as text."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.decode(errors="replace")
        case _:
            return str(value)
