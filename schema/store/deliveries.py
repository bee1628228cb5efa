"""Deliveries: what goes out to people and to other systems' desks, from rows that were stored with their cause.

A worker claims what is due, as many as it has room for; only a claim gives the right to send. What goes to a desk is in
order per ticket.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from math import inf
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    update,
)

from schema.store.clock import read_times
from schema.store.dialect import locked
from schema.store.leases import is_alive
from schema.store.moments import MILLISECOND, moment
from schema.store.secrets import context_of, state_at
from schema.store.transaction import Transaction
from schema.tables import delivery, operation, secret, service

#: The ways out: two to people, and one to another system's desk.
MAIL, SMS, DESK = "mail", "sms", "desk"

#: What stands in the facts of what is said more than once.
ROUND = '"round"'


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret as it is stored, and the context in which it opens."""

    text: str = field(repr=False)
    context: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery in the hands of a worker; the other side knows it by its `cause`.

    `secrets` are the valid ones of its service, by name, and `known` are its facts as they are now. The
    delivery `is_outdated` where the same was said once more since, to the same person in a later `round`.
    """

    id: int
    epoch: int
    tries: int
    channel: str
    cause: str
    template: str
    recipient: str
    language: str
    facts: Mapping[str, Any]
    operation: int
    ticket: int | None
    cycle: int
    is_over: bool
    is_outdated: bool
    product: str
    customer: str
    reference: str
    now: datetime
    secrets: Mapping[str, Sealed] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimDeliveries:
    """Take at most so many due deliveries of these channels and products; answered with the ones taken.

    What the claimer owns and does not hold comes back too: it is what an answer was lost about.
    """

    owner: int
    most: int
    channels: tuple[str, ...]
    products: tuple[str, ...]
    held: tuple[int, ...] = ()

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["ClaimDeliveries"]) -> list[list[Parcel]]:
        """Take for each claimer in turn."""
        return [_take(transaction, record) for record in records]


def are_due(connection: Connection, channels: Sequence[str], products: Sequence[str]) -> bool:
    """Return whether there is anything to claim; this only reads."""
    given: dict[str, Any] = {
        "now": read_times(connection).business,
        "most": 1,
        "owner": None,
        "held": [],
    }
    named = {"channels": list(channels), "products": list(products)}
    return connection.execute(_due(), {**given, **named}).first() is not None


def next_due(connection: Connection) -> float:
    """Return in how many seconds the first one is due, whoever has it, as far as business time runs with the clock."""
    now = read_times(connection).business
    first = select(func.min(delivery.c.due_at)).where(delivery.c.state == "waiting")
    found = connection.execute(first).scalar()
    return inf if found is None else (found - now) * MILLISECOND.total_seconds()


def _take(transaction: Transaction, wanted: ClaimDeliveries) -> list[Parcel]:
    """Return what this claimer gets."""
    if not is_alive(transaction, wanted.owner):
        return []
    given = {"now": transaction.now, "most": wanted.most, "owner": wanted.owner}
    lists = {"held": wanted.held, "channels": wanted.channels, "products": wanted.products}
    named = {**given, **{name: list(each) for name, each in lists.items()}}
    query = locked(transaction.dialect, _due(), delivery, skip=True)
    found = transaction.connection.execute(query, named).all()
    if not found:
        return []
    mine = delivery.c.id.in_([row.id for row in found])
    taken = {
        "owner": wanted.owner,
        "epoch": delivery.c.epoch + 1,
        "tries": delivery.c.tries + 1,
    }
    transaction.connection.execute(update(delivery).where(mine).values(taken))
    to_people = [row for row in found if row.channel != DESK]
    sealed = _sealed(transaction, {row.service_id for row in to_people})
    outdated = _outdated(transaction, to_people)
    return [
        _parcel(
            row, sealed.get(row.service_id, {}), transaction.now, is_outdated=row.id in outdated
        )
        for row in found
    ]


def _outdated(transaction: Transaction, found: Sequence[Row[Any]]) -> set[int]:
    """Return which of these the same was said after, in a later round: who was away gets the newest alone."""
    if not found:
        return set()
    said = (delivery.c.id, delivery.c.operation_id, delivery.c.channel, delivery.c.template)
    query: Select[Any] = select(*said, delivery.c.recipient, delivery.c.facts).order_by(
        delivery.c.id
    )
    of_these = delivery.c.operation_id.in_(sorted({row.operation_id for row in found}))
    query = query.where(of_these, delivery.c.state != "dead", delivery.c.ticket_id.is_(None))
    by_what = {_what_is_said(row): row for row in transaction.connection.execute(query)}
    last = {row.id: by_what[_what_is_said(row)] for row in found}
    return {key for key, newest in last.items() if newest.id != key and ROUND in newest.facts}


def _what_is_said(row: Row[Any]) -> tuple[Any, ...]:
    """Return what is said to whom, whichever time."""
    facts = {name: each for name, each in json.loads(row.facts).items() if name != "round"}
    said = json.dumps(facts, sort_keys=True)
    return (row.operation_id, row.channel, row.template, row.recipient, said)


def _parcel(row: Row[Any], secrets: Mapping[str, Sealed], now: int, *, is_outdated: bool) -> Parcel:
    """Return what a worker has to know about one delivery."""
    texts = ("channel", "cause", "template", "recipient", "language")
    named = ("cycle", "product", "customer", "reference")
    return Parcel(
        id=row.id,
        epoch=row.epoch + 1,
        tries=row.tries + 1,
        facts=json.loads(row.facts),
        operation=row.operation_id,
        ticket=row.ticket_id,
        is_over=row.ended_at is not None,
        is_outdated=is_outdated,
        now=moment(now),
        secrets=secrets,
        known=json.loads(row.service_facts),
        **{name: getattr(row, name) for name in (*texts, *named)},
    )


def _sealed(transaction: Transaction, services: set[int]) -> dict[int, dict[str, Sealed]]:
    """Return the newest secret of each name that services have, where it is valid."""
    found: dict[int, dict[str, Sealed]] = {}
    if services:
        query = select(secret).where(secret.c.service_id.in_(services)).order_by(secret.c.id)
        for row in transaction.connection.execute(query):
            mine = found.setdefault(row.service_id, {})
            mine.pop(row.name, None)
            if state_at(row.state, row.expires_at, transaction.now) == "valid":
                mine[row.name] = Sealed(row.sealed, context_of(row.service_id, row.name))
    return found


def is_first() -> ColumnElement[bool]:
    """Return the condition that nothing older about the same ticket still has to go out."""
    older = delivery.alias("older")
    same = and_(
        older.c.ticket_id == delivery.c.ticket_id,
        older.c.id < delivery.c.id,
        older.c.state == "waiting",
    )
    return or_(delivery.c.ticket_id.is_(None), ~exists().where(same))


@cache
def _due() -> Select[Any]:
    """Return the query for what can be claimed, with all that is known of it."""
    free = or_(delivery.c.owner.is_(None), delivery.c.owner == bindparam("owner", type_=BigInteger))
    return (
        select(
            delivery,
            operation.c.cycle,
            operation.c.ended_at,
            operation.c.product,
            service.c.customer,
            service.c.reference,
            service.c.facts.label("service_facts"),
        )
        .join(operation, operation.c.id == delivery.c.operation_id)
        .join(service, service.c.id == delivery.c.service_id)
        .where(
            delivery.c.state == "waiting",
            delivery.c.due_at <= bindparam("now", type_=BigInteger),
            free,
            delivery.c.id.not_in(bindparam("held", expanding=True)),
            delivery.c.channel.in_(bindparam("channels", expanding=True)),
            operation.c.product.in_(bindparam("products", expanding=True)),
            is_first(),
        )
        .order_by(delivery.c.due_at, delivery.c.id)
        .limit(bindparam("most", type_=Integer))
    )
