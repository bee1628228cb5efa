"""What another system's desk is told about tickets: one delivery for each event, stored with what happened.

What it says is written down once and for all, so that a repeat says the same; only links to our door come later.
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Text, and_, cast, func, literal, select

from schema.command import rfc3339
from schema.customer import Customer
from schema.desk import DeskEventType, TicketCustomer, TicketTold, Tried
from schema.ids import public_id
from schema.store.deliveries import DESK
from schema.store.moments import moment
from schema.store.transaction import Transaction
from schema.stored import from_store
from schema.tables import clock, customer, delivery, operation, service, ticket, trouble

TOLD = (
    "channel", "cause", "operation_id", "service_id", "ticket_id", "template", "recipient", "language", "facts",
    "state", "due_at",
)  # fmt: skip

#: Events that a backup has forgotten had the numbers that come again after it.
_ORIGIN = select(
    clock.c.installation + func.coalesce(literal(".").concat(cast(clock.c.restored_at, Text)), "")
)

TIMES = ("accepted_at", "deadline_at", "opened_at")
AS_STORED = ("product", "verb", "desk", "severity", "state", "title", "body", "step", "reason")


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """One thing that happened to a ticket, given by its key."""

    ticket: int
    kind: DeskEventType
    comment: str | None
    what_to_do: str | None


def tell_desk(transaction: Transaction, events: Sequence[TicketEvent]) -> None:
    """Store what a desk has to hear, if there is one."""
    if not (events and transaction.tells_desk):
        return
    keys = {each.ticket for each in events}
    found = {row.id: row for row in transaction.connection.execute(_tickets(keys))}
    numbers = _told_before(transaction, keys)
    ours = transaction.connection.execute(_ORIGIN).scalar_one()
    values = []
    for each in events:
        row = found[each.ticket]
        numbers[each.ticket] += 1
        language = _customer(row).language
        told = _told(row, each).model_dump(mode="json")
        at = rfc3339(moment(transaction.now))
        facts = json.dumps({"type": each.kind, "timestamp": at, "data": told})
        cause = f"{public_id('tkt', each.ticket)}:{numbers[each.ticket]}@{ours}"
        named = (DESK, cause, row.operation_id, row.service_id, each.ticket)
        sent = (each.kind, row.desk, language, facts, "waiting", transaction.now)
        values.append((*named, *sent))
    transaction.add(delivery, TOLD, values)


def open_tickets(transaction: Transaction, keys: Collection[int]) -> set[int]:
    """Return those of these tickets that are open."""
    query = select(ticket.c.id).where(ticket.c.id.in_(keys), ticket.c.state == "open")
    return set(transaction.connection.execute(query).scalars())


def _told_before(transaction: Transaction, keys: Collection[int]) -> Counter[int]:
    """Return how many events of each ticket are stored already; who writes holds the ticket's operation."""
    query = select(delivery.c.ticket_id, func.count().label("count"))
    query = query.where(delivery.c.ticket_id.in_(keys)).group_by(delivery.c.ticket_id)
    return Counter({row.ticket_id: row.count for row in transaction.connection.execute(query)})


def _tickets(keys: Collection[int]) -> Any:  # noqa: ANN401  a query
    """Return the query for tickets, with all that a desk is told about them."""
    own = ("id", "operation_id", "desk", "severity", "state", "title", "body", "opened_at")
    asked = ("product", "verb", "step", "reason", "accepted_at", "deadline_at")
    tried = ("tries", "said", "request_id", "first_at", "last_at")
    return (
        select(*(ticket.c[name] for name in own))
        .add_columns(*(operation.c[name] for name in asked), operation.c.service_id)
        .add_columns(service.c.customer, service.c.reference, customer.c.data)
        .add_columns(*(trouble.c[name] for name in tried), trouble.c.step.label("tried_step"))
        .join(operation, operation.c.id == ticket.c.operation_id)
        .join(service, service.c.id == operation.c.service_id)
        .join(customer, customer.c.name == service.c.customer, isouter=True)
        .join(trouble, and_(trouble.c.operation_id == operation.c.id), isouter=True)
        .where(ticket.c.id.in_(keys))
    )


def _told(row: Row[Any], event: TicketEvent) -> TicketTold:
    """Return a ticket as a desk is told about it."""
    owner = _customer(row)
    times = {name: moment(getattr(row, name)) for name in TIMES}
    given: dict[str, Any] = {**times, **{name: getattr(row, name) for name in AS_STORED}}
    return TicketTold(
        ticket=public_id("tkt", row.id),
        operation=public_id("op", row.operation_id),
        service=f"{row.customer}/{row.reference}",
        service_id=public_id("svc", row.service_id),
        customer=TicketCustomer(
            id=row.customer, name=owner.name, language=owner.language, time_zone=owner.time_zone
        ),
        comment=event.comment,
        what_to_do=event.what_to_do,
        tried=_tried(row),
        **given,
    )


def _tried(row: Row[Any]) -> Tried | None:
    """Return the last trouble of the ticket's operation, if it had any (CO-12)."""
    if row.tries is None:
        return None
    return Tried(
        step=row.tried_step,
        tries=row.tries,
        first_at=moment(row.first_at),
        last_at=moment(row.last_at),
        said=row.said,
        request_id=row.request_id,
    )


def _customer(row: Row[Any]) -> Customer:
    """Return the customer of a ticket; one who was never told to us has only a name."""
    known = row.data or json.dumps({"version": 1, "name": row.customer})
    return from_store(Customer, known)
