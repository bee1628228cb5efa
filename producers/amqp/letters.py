"""What is sent because of a message: its answer, its copy among the rejected, and the event that tells of that."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pika

from producers.amqp.headers import carried_on
from producers.amqp.messages import USER, Message, without_secrets
from producers.amqp.topology import EVENTS, REJECTED
from producers.answers import JSON, PROBLEM, Found, outcomes, shown
from producers.cloudevents import STRUCTURED, Delivery
from producers.intake import Answer
from schema.command import CUSTOMER_CHANGED, is_name, rfc3339, to_cloudevent
from schema.errors import Refusal
from schema.lifecycle import Product
from schema.views import problem_of

#: The headers of what was rejected; besides these it has its own.
ID, AT, REASON, STATUS, DETAIL, FAULTS, KEY = (
    f"turnup-{name}" for name in ("id", "at", "reason", "status", "detail", "errors", "routing-key")
)

#: What a header may hold of a sentence and of the faults, in characters.
SENTENCE, LIST = 1_000, 16_000

#: A part of a routing key that is not known.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Letter:
    """Something to be sent; what is owed has to be confirmed before its cause is acknowledged."""

    exchange: str
    key: str
    body: bytes
    properties: pika.BasicProperties
    is_owed: bool = True


@dataclass(frozen=True, slots=True)
class Rejection:
    """One event, or a whole message that could not be read, and why it was not accepted."""

    message: Message
    refusal: Refusal
    user: str | None
    event: object = None
    is_part: bool = False


def reply_to(message: Message, delivery: Delivery, answers: list[Answer], found: Found) -> Letter:
    """Return the answer to a message: what HTTP would have answered, with its status as a header."""
    if delivery.is_batch:
        return _reply(message, outcomes(answers, found), 200, JSON)
    view, status = shown(answers[0], found)
    kind = PROBLEM if isinstance(answers[0], Refusal) else JSON
    return _reply(message, view.model_dump_json().encode(), status, kind)


def refusal_to(message: Message, refusal: Refusal) -> Letter:
    """Return the answer to a message that could not be read."""
    return _reply(message, problem_of(refusal).model_dump_json().encode(), refusal.status, PROBLEM)


def rejected(
    rejection: Rejection, now: datetime, products: Mapping[str, Product], source: str
) -> tuple[Letter, Letter]:
    """Return the copy for the queue of the rejected, and the event that tells of it; `now` is business time."""
    identity = f"dead_{secrets.token_hex(8)}"
    event = without_secrets(rejection.event, products)
    told = to_cloudevent(
        source=source,
        identity=f"{identity}/1",
        time=now,
        data=_told(rejection, identity),
        partitionkey=identity,
        sequence="0000000001",
        **_about(event, products),
    )
    properties = pika.BasicProperties(
        content_type=STRUCTURED, delivery_mode=pika.DeliveryMode.Persistent.value
    )
    notice = Letter(EVENTS, _routing_key(event, products), _written(told), properties)
    return _copy(rejection, event, _headers(rejection, identity, rfc3339(now))), notice


def _reply(message: Message, body: bytes, status: int, kind: str) -> Letter:
    """Return an answer; where it can not go it need not."""
    properties = pika.BasicProperties(
        content_type=kind,
        correlation_id=message.properties.correlation_id,
        headers={"status": status},
    )
    return Letter("", message.properties.reply_to, body, properties, is_owed=False)


def _copy(rejection: Rejection, event: object, headers: Mapping[str, Any]) -> Letter:
    """Return the copy for the queue of the rejected, of which these headers say why it is there."""
    properties = carried_on(rejection.message.properties, headers)
    body, properties.content_type = _kept(rejection, event)
    return Letter("", REJECTED, body, properties)


def _kept(rejection: Rejection, event: object) -> tuple[bytes, str | None]:
    """Return what is kept of a command, and its type: the message as it came, or one event of it."""
    message, is_hidden = rejection.message, event is not rejection.event
    try:
        if is_hidden or rejection.is_part:
            return _written(event), STRUCTURED
    except RecursionError:
        if is_hidden:
            return b"", STRUCTURED
    return message.body, message.properties.content_type


def _headers(rejection: Rejection, identity: str, at: str) -> dict[str, Any]:
    """Return the headers that say why, no longer than headers may be."""
    refusal = rejection.refusal
    faults = [{"pointer": each.pointer, "detail": each.detail} for each in refusal.faults]
    while len(text := json.dumps(faults)) > LIST:
        faults = faults[: len(faults) // 2]
    told = {
        ID: identity,
        AT: at,
        REASON: refusal.reason,
        STATUS: refusal.status,
        DETAIL: refusal.detail[:SENTENCE].encode(errors="replace").decode(),
        FAULTS: text,
        KEY: rejection.message.routing_key,
        USER: rejection.user,
    }
    return {name: value for name, value in told.items() if value is not None}


def _told(rejection: Rejection, identity: str) -> dict[str, Any]:
    """Return what the event says: the problem, and which command it was; never its fields."""
    event = rejection.event if isinstance(rejection.event, dict) else {}
    named = {name: value for name in ("id", "source") if isinstance(value := event.get(name), str)}
    problem = problem_of(rejection.refusal).model_dump(mode="json")
    return {"dead_letter": identity, "command": named, **problem}


def _about(event: object, products: Mapping[str, Product]) -> dict[str, str]:
    """Return the attributes that an event shares with the command that it tells of."""
    given = event if isinstance(event, dict) else {}
    subject, correlation = given.get("subject"), given.get("correlationid")
    product = _product(event, products)
    about = {"kind": f"turnup.{product}.rejected"}
    if isinstance(subject, str) and _customer(event) != UNKNOWN:
        about["subject"] = subject
    if isinstance(correlation, str):
        about["correlationid"] = correlation
    return about


def _routing_key(event: object, products: Mapping[str, Product]) -> str:
    """Return what queues are bound by: `<product>.rejected.<customer>`."""
    return f"{_product(event, products)}.rejected.{_customer(event)}"


def _product(event: object, products: Mapping[str, Product]) -> str:
    """Return the product that an event is about, as far as that can be told."""
    kind = event.get("type") if isinstance(event, dict) else None
    if kind == CUSTOMER_CHANGED:
        return "customer"
    named = str(kind).split(".")
    return named[1] if len(named) > 1 and named[1] in products else UNKNOWN


def _customer(event: object) -> str:
    """Return the customer that an event is about, as far as that can be told."""
    subject = event.get("subject") if isinstance(event, dict) else None
    customer = str(subject or "").partition("/")[0]
    return customer if is_name(customer) else UNKNOWN


def _written(event: object) -> bytes:
    """Return an event as JSON; half a surrogate pair stays written as it came."""
    return json.dumps(event, separators=(",", ":")).encode()
