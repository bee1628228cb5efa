"""Rows as the outside reads them."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from schema.ids import public_id
from schema.lifecycle import Product
from schema.store.call_history import last_call_of
from schema.store.moments import moment, moment_or_none
from schema.store.order import Opened
from schema.stored import from_store
from schema.tables import FAR
from schema.views import Comment, HistoryLine, Operation, RemoteTicket, Service, Ticket

#: The reason of an operation that goes back because somebody has asked for that.
CANCELLING = "cancelling"

Products = Mapping[str, Product]


def line_of(row: Row[Any]) -> HistoryLine:
    """Return a line of history as it is read."""
    return HistoryLine(
        number=row.number,
        at=moment(row.at),
        who=row.who,
        what=row.what,
        why=row.why,
        before=row.before,
        after=row.after,
        step=row.step,
        event=row.event,
    )


def operation_of(row: Row[Any]) -> Operation:
    """Return an operation as it is read."""
    return Operation(
        id=public_id("op", row.id),
        product=row.product,
        verb=row.verb,
        customer=row.customer,
        service=public_id("svc", row.service_id),
        subject=f"{row.customer}/{row.reference}",
        state=row.state,
        step=row.step,
        attempt=row.attempt,
        next_try_at=_next_try(row),
        accepted_at=moment(row.accepted_at),
        deadline_at=moment(row.deadline_at),
        overdue=(row.ended_at or row.now) > row.deadline_at,
        ended_at=moment_or_none(row.ended_at),
        outcome=row.outcome,
        reason=_reason(row),
        ticket=public_id("tkt", row.ticket) if row.ticket is not None else None,
        remote=_remote_of(row.remote),
        source=row.source,
        actor=row.actor,
        correlation_id=row.correlation_id,
    )


def _reason(row: Row[Any]) -> str | None:
    """Return why an operation is where it is; one that goes back may be parked on its way."""
    is_parked = row.reason == "parked" and row.wake_at is not None and row.wake_at >= FAR
    is_going_back = row.cancel and row.ended_at is None
    return CANCELLING if is_going_back and not is_parked else row.reason


def _next_try(row: Row[Any]) -> datetime | None:
    """Return when a step that failed is tried again; nobody knows it of one that a person has to look at first."""
    is_failing = row.state == "waiting" and row.attempt > 0 and row.wake_at is not None
    return moment(row.wake_at) if is_failing and row.wake_at < FAR else None


def opened_as(opened: Opened) -> Operation:
    """Return an operation as it was accepted, which is how it is read until somebody begins on it."""
    order, service, is_already = opened.order, opened.service, opened.is_already
    accepted_at = moment(opened.accepted_at)
    return Operation(
        id=public_id("op", opened.key),
        product=order.product,
        verb=order.verb,
        customer=order.customer,
        service=public_id("svc", service.id),
        subject=f"{order.customer}/{order.reference}",
        state="succeeded" if is_already else "accepted",
        step=None,
        attempt=0,
        next_try_at=None,
        accepted_at=accepted_at,
        deadline_at=moment(opened.deadline_at),
        overdue=False,
        ended_at=accepted_at if is_already else None,
        outcome="already" if is_already else None,
        reason=None,
        ticket=None,
        remote=None,  # set, as in every operation that is read
        source=order.source,
        actor=order.actor,
        correlation_id=order.correlation_id,
    )


def service_of(row: Row[Any], products: Products) -> Service:
    """Return a service as it is read; of a product that is not known here no facts are shown."""
    product = products.get(row.product)
    return Service(
        id=public_id("svc", row.id),
        customer=row.customer,
        reference=row.reference,
        product=row.product,
        state=row.state,
        billing=product.billing_in(row.state) if product else "off",
        facts=product.shown_in(row.state, json.loads(row.facts)) if product else {},
        created_at=moment(row.created_at),
        operation=public_id("op", row.operation_id) if row.operation_id is not None else None,
        last_call=last_call_of(row),
    )


def ticket_of(row: Row[Any], comments: Iterable[Comment]) -> Ticket:
    """Return one ticket as it is read."""
    return Ticket(
        id=public_id("tkt", row.id),
        operation=public_id("op", row.operation_id),
        desk=row.desk,
        reference=f"{row.customer}/{row.reference}",
        severity=row.severity,
        state=row.state,
        title=row.title,
        body=row.body,
        opened_at=moment(row.opened_at),
        resolved_at=moment_or_none(row.resolved_at),
        remote=_remote_of(row.remote),
        comments=tuple(comments),
    )


def _remote_of(text: str | None) -> RemoteTicket | None:
    """Return what another system's desk says of a ticket, if it has said anything."""
    return from_store(RemoteTicket, text) if text else None
