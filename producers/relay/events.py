"""Renders public lines of history as CloudEvents.

An event that is sent twice is the same twice: it is made of what never changes. So `reason` and
`outcome` stand only in an operation's end, and `ticket` there and in `overdue`, in whose
transaction it was opened.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from schema.command import rfc3339, to_cloudevent
from schema.ids import public_id
from schema.lifecycle import Product
from schema.store.outbox import OutgoingEvent
from schema.tables import OPERATION
from schema.views import ENDS

#: The content type of a CloudEvent in structured form.
CONTENT_TYPE = "application/cloudevents+json"

#: How many digits a sequence has: as texts too they are in order, as CloudEvents' extension wants it.
DIGITS = 10


def render(event: OutgoingEvent, product: Product, source: str) -> bytes:
    """Return the event as a structured CloudEvent."""
    owner = _owner(event)
    cloudevent = to_cloudevent(
        kind=f"turnup.{event.product}.{event.event}",
        identity=f"{owner}/{event.sequence}",
        source=source,
        subject=f"{event.customer}/{event.reference}",
        time=event.at,
        data=_of_operation(event) if event.kind == OPERATION else _of_service(event, product),
        partitionkey=owner,
        sequence=f"{event.sequence:0{DIGITS}}",
        correlationid=event.correlation_id,
        actor=event.actor,
    )
    return to_json(cloudevent)


def routing_key(event: OutgoingEvent) -> str:
    """Return what queues are bound by: `<product>.<event>.<customer>`."""
    return f"{event.product}.{event.event}.{event.customer}"


def _owner(event: OutgoingEvent) -> str:
    """Return the public id of the owner record, which is what events are ordered by."""
    return public_id("op" if event.kind == OPERATION else "svc", event.owner)


def _of_operation(event: OutgoingEvent) -> dict[str, Any]:
    """Return what an operation's event says; what there is nothing to say about is left out."""
    has_ended = event.event in ENDS
    has_ticket = event.ticket is not None and (has_ended or event.event == "overdue")
    deadline = event.deadline_at
    told = {
        "operation": public_id("op", event.owner),
        "verb": event.verb,
        "service": public_id("svc", event.service_id),
        "state": event.state,
        "reason": event.reason if has_ended else None,
        "why": event.why,
        "step": event.step,
        "deadline_at": deadline and rfc3339(deadline),
        "overdue": deadline and event.at > deadline,
        "outcome": event.outcome if has_ended else None,
        "ticket": public_id("tkt", event.ticket or 0) if has_ticket else None,
    }
    return _said(told)


def _of_service(event: OutgoingEvent, product: Product) -> dict[str, Any]:
    """Return what a service's event says."""
    told = {
        "service": public_id("svc", event.service_id),
        "operation": event.operation and public_id("op", event.operation),
        "verb": event.verb,
        "state": event.state,
        "before": event.before,
        "why": event.why,
        "billing": product.billing_in(event.state or ""),
    }
    return _said(told)


def _said(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that say something."""
    return {name: value for name, value in told.items() if value is not None}
