"""Headers of messages as they come from anybody: read whatever they hold, cleaned before they are sent on."""

import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pika
import pika.data

#: What a header's value takes, by its kind, where Python has no such moment or number.
SIZES = {b"T": 8, b"d": 8, b"f": 4}

#: Headers are sent in one frame of 128 KiB; more than this is not sent on, in bytes.
MOST_BYTES = 64 * 1024

#: Headers that tell the broker where else to send a message.
ROUTES = frozenset({"CC", "BCC"})

#: What the broker and this door write: nobody else is believed.
NOT_THEIRS = ("x-", "turnup-")

_decode = pika.data.decode_value


def read_any_header() -> None:
    """Let pika read a moment or number that Python does not have.

    Its own reader raises there, which ends the connection: such a message would come again and again.
    """
    pika.data.decode_value = _decoded


def as_text(properties: pika.BasicProperties) -> pika.BasicProperties:
    """Return the properties of a message without what is no UTF-8: that could not be sent on."""
    for name, value in vars(properties).items():
        if isinstance(value, bytes):
            setattr(properties, name, value.decode(errors="ignore"))
    if properties.headers:
        named = properties.headers.items()
        properties.headers = {name: value for name, value in named if isinstance(name, str)}
    return properties


def carried_on(properties: pika.BasicProperties, added: Mapping[str, Any]) -> pika.BasicProperties:
    """Return the properties for sending a message on: without what would drop, route or forbid it."""
    headers = {
        name: value
        for name, value in (properties.headers or {}).items()
        if name not in ROUTES and not name.startswith(NOT_THEIRS)
    }
    carried = pika.BasicProperties(
        content_type=properties.content_type,
        content_encoding=properties.content_encoding,
        headers={**headers, **added},
        delivery_mode=pika.DeliveryMode.Persistent.value,
        correlation_id=properties.correlation_id,
        reply_to=properties.reply_to,
        message_id=properties.message_id,
        timestamp=properties.timestamp,
        type=properties.type,
        app_id=properties.app_id,
    )
    if not _fits(carried):
        carried.headers = dict(added)
    return carried


def _fits(properties: pika.BasicProperties) -> bool:
    """Return whether properties can be written, into one frame."""
    try:
        return sum(map(len, properties.encode())) <= MOST_BYTES
    except Exception:  # noqa: BLE001  pika raises anything on a value that it can read and not write
        return False


def _decoded(encoded: bytes, offset: int) -> tuple[Any, int]:
    """Return a value and where the next one begins."""
    try:
        found: tuple[Any, int] = _decode(encoded, offset)
    except (ArithmeticError, OSError, ValueError):
        kind, start = encoded[offset : offset + 1], offset + 1
        if kind not in SIZES:
            raise
        return _moment(encoded, start) if kind == b"T" else None, start + SIZES[kind]
    return found


def _moment(encoded: bytes, offset: int) -> datetime | None:
    """Return a moment written in milliseconds, as AMQP 1.0 has them, if it is one."""
    (milliseconds,) = struct.unpack_from(">Q", encoded, offset)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ArithmeticError, OSError, ValueError):
        return None
