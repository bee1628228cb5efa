"""Visits: once a day or as is set, each at its own time, the platform's state of a live service is read (CO-14).

Who takes a visit sets the next one in the same write: one that fails is made up for a day later. What a platform has
otherwise than we is adopted where it could have told it itself (`Product.hears`); else it is an operation of our own
that has failed as it begins, so that it has a history and one ticket. That resolves itself once both agree again, or
the service is deleted.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    Update,
    bindparam,
    literal,
    select,
    update,
)

from schema.customer import Customer
from schema.ids import public_id
from schema.lifecycle import DELETED, NEW
from schema.store.clock import read_times
from schema.store.counts import ACCEPTED, Counted, count
from schema.store.dialect import Columns, locked, next_keys, rows
from schema.store.hearing import Heard, hear, whole_service
from schema.store.known import customer_of
from schema.store.moments import moment, stored
from schema.store.pauses import is_active
from schema.store.tickets import TicketNote, TicketText, note_ticket, note_tickets
from schema.store.transaction import Line, Transaction, Written
from schema.tables import OPERATION, SERVICE, command, customer, history, operation, service, ticket

#: What tells a service's own time between two visits: keys that follow each other lie far apart (Knuth's
#: multiplicative hash).
SPREAD, TURNS = 2_654_435_761, 1 << 32

#: The verb of an operation that says how a platform has a service; nobody can ask for it.
INSPECT = "inspect"

#: Why its ticket is resolved.
ALIKE = "The platform and we have it alike again."

NEXT: Columns = {"id": BigInteger(), "visit_at": BigInteger()}

#: Who asks for it.
OURSELVES = "turnup"

COMMAND = ("id", "source", "event_id", "content", "actor", "data")
FAILED = (
    "id", "service_id", "customer", "product", "verb", "state", "before", "reason", "outcome", "number", "sequence",
    "accepted_at", "starts_at", "jeopardy_at", "deadline_at", "ended_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """A service whose platform is to be read, as it is here at history line `number`.

    `differs` is the operation with an open ticket which says that it is otherwise there.
    """

    service: int
    number: int
    product: str
    customer: str
    reference: str
    state: str
    facts: str
    platform_id: str | None
    record: Customer
    differs: int | None
    now: datetime


@dataclass(frozen=True, slots=True)
class TakeVisits:
    """Take up to so many visits of each product that are due; answered with those that are worth while now.

    A service that is not live, or on which an operation is under way, has its next visit when one is due again, as has
    what comes to be beside one that has not come to be yet.
    """

    products: tuple[str, ...]
    most: int

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["TakeVisits"]) -> list[list[Visit]]:
        """Take for each who asks in turn."""
        return [
            [visit for product in record.products for visit in _take(transaction, product, record)]
            for record in records
        ]


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit found: the platform's word for the state; answered with what came of it, None where nothing did.

    What has happened to the service since it was taken outdates it. `text` is the ticket where it differs.
    """

    visit: Visit
    found: str
    text: TicketText

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Visited"]) -> list[str | None]:
        """Adopt, tell or resolve for each; what differs is rare."""
        return [_conclude(transaction, record) for record in records]


def next_visit(key: int, now: int, every: timedelta) -> int:
    """Return when a service is visited next: once in so long, at its own time."""
    length = every // timedelta(milliseconds=1)
    at = key * SPREAD % TURNS * length // TURNS
    return at + ((now - at) // length + 1) * length


def visits_are_due(connection: Connection, products: Sequence[str]) -> bool:
    """Return whether any visit is due; while business time stands, nothing changes by itself."""
    times = read_times(connection)
    given = {"products": products, "now": times.business}
    return not times.is_standing and connection.execute(_DUE, given).first() is not None


def _take(transaction: Transaction, product: str, wanted: TakeVisits) -> list[Visit]:
    """Take visits of one product, and set when the next ones are due."""
    times = dict.fromkeys(("now", "since"), transaction.now)
    given = {"product": product, "most": wanted.most, **times}
    found = transaction.connection.execute(_taken(transaction.dialect), given).all()
    if not found:
        return []
    every = transaction.products[product].visit_every
    nexts = [
        (row.id, None if row.state == DELETED else next_visit(row.id, transaction.now, every))
        for row in found
    ]
    transaction.run(_set_next(transaction.dialect), NEXT, nexts)
    for row in found:
        if row.state == DELETED and row.differs is not None:
            _resolve(transaction, row.differs, "The service is deleted.")
    now = moment(transaction.now)
    return [_visit(row, now) for row in found if row.is_at_rest]


def _visit(row: Row[Any], now: datetime) -> Visit:
    """Return a visit that is worth while."""
    named = (row.product, row.customer, row.reference, row.state, row.facts, row.platform_id)
    return Visit(row.id, row.number, *named, customer_of(row.data), row.differs, now)


def _conclude(transaction: Transaction, visited: Visited) -> str | None:
    """Decide about one visit."""
    visit = visited.visit
    held = {"id": visit.service}
    row = transaction.connection.execute(whole_service(transaction.dialect), held).one()
    given = {**held, "now": transaction.now, "since": stored(visit.now)}
    at_rest = transaction.connection.execute(_AT_REST, given).scalar_one()
    if row.number != visit.number or not at_rest:
        return None
    if visited.found == row.state:
        return _resolve(transaction, visit.differs)
    hears = transaction.products[visit.product].hears
    kinds = (kind for kind, moves in hears.items() if moves.get(row.state) == visited.found)
    if kind := next(kinds, None):
        told = Heard(row.id, kind, json.loads(row.facts), visit.now, is_ordered=False)
        hear(transaction, [told])
        _resolve(transaction, visit.differs)
        return "adopted"
    why = f"the platform has it as {visited.found}"
    if visit.differs is not None:
        return _tell_more(transaction, row, visit.differs, why)
    _tell(transaction, row, why, visited.text)
    return "told"


def _tell_more(transaction: Transaction, row: Row[Any], differs: int, why: str) -> str | None:
    """Comment on the ticket where what differs is not what was told last."""
    last = transaction.connection.execute(_LAST_FOUND, {"owner": row.id, "told_by": differs})
    if last.scalar() == why:
        return None
    _keep(transaction, row, differs, why)
    note_ticket(transaction, differs, TicketNote(why))
    return "told"


def _tell(transaction: Transaction, row: Row[Any], why: str, text: TicketText) -> None:
    """Open the operation that has failed, with its ticket."""
    (key,) = next_keys(transaction.connection, operation, 1)
    now = transaction.now
    told = (key, OURSELVES, f"{public_id('svc', row.id)}:{row.number}", INSPECT, OURSELVES, "{}")
    transaction.add(command, COMMAND, [told])
    named = (key, row.id, row.customer, row.product, INSPECT)
    ended = ("failed", row.state, why, "failed", 2, 0)
    transaction.add(operation, FAILED, [(*named, *ended, now, now, now, now, now)])
    accepted = Line("accepted", OURSELVES, after="accepted")
    failed = Line("failed", "platform", why, "accepted", "failed")
    transaction.write_history([Written(OPERATION, key, 2, 0, (accepted, failed))])
    _keep(transaction, row, key, why)
    counted = [(ACCEPTED, ""), ("failed", "failed")]
    count(transaction, [Counted(row.product, INSPECT, *each) for each in counted])
    note_tickets(transaction, [(key, None, TicketNote(why, text))])


def _keep(transaction: Transaction, row: Row[Any], key: int, why: str) -> None:
    """Write in the service's history what the platform has otherwise."""
    number = row.number + 1
    on = update(service).where(service.c.id == row.id).values(number=number)
    transaction.connection.execute(on)
    line = Line("found", "platform", why, row.state, row.state)
    transaction.write_history([Written(SERVICE, row.id, number, row.sequence, (line,), key)])


def _resolve(transaction: Transaction, differs: int | None, why: str = ALIKE) -> str | None:
    """Resolve the ticket of what differed before, if there is one."""
    if differs is None:
        return None
    note_ticket(transaction, differs, TicketNote(why, resolves=True))
    return "resolved"


def _is_at_rest() -> ColumnElement[bool]:
    """Return whether a service is live, and nothing is under way on it or has ended since."""
    under_way = select(operation.c.id).where(
        operation.c.service_id == service.c.id,
        operation.c.ended_at.is_(None)
        | (operation.c.ended_at >= bindparam("since", type_=BigInteger)),
        operation.c.starts_at <= bindparam("now", type_=BigInteger),
    )
    is_there = service.c.state.not_in((NEW, DELETED)) & service.c.made_beside.is_(None)
    return is_there & service.c.holder.is_(None) & ~under_way.exists()


@cache
def _taken(dialect: str) -> Select[Any]:
    """Return the query for the visits of a product that have been due longest."""
    differs = (
        select(operation.c.id)
        .join(ticket, ticket.c.id == operation.c.ticket)
        .where(operation.c.service_id == service.c.id, operation.c.verb == INSPECT)
        .where(ticket.c.state == "open")
        .limit(1)
    )
    names = ("id", "number", "product", "customer", "reference", "state", "facts", "platform_id")
    query = (
        select(*(service.c[name] for name in names), customer.c.data)
        .add_columns(_is_at_rest().label("is_at_rest"))
        .add_columns(differs.scalar_subquery().label("differs"))
        .join(customer, customer.c.name == service.c.customer)
        .where(service.c.product == bindparam("product", type_=Text), _is_due())
        .order_by(service.c.visit_at)
        .limit(bindparam("most", type_=Integer))
    )
    return locked(dialect, query, service, skip=True)


@cache
def _set_next(dialect: str) -> Update:
    """Return the statement that sets the next visits of services."""
    given = rows(dialect, NEXT)
    return update(service).values(visit_at=given.c.visit_at).where(service.c.id == given.c.id)


def _is_due() -> ColumnElement[bool]:
    """Return whether it is time to visit a service; a paused product is left alone."""
    is_time = service.c.visit_at <= bindparam("now", type_=BigInteger)
    return is_time & is_active(service.c.product)


_LAST_FOUND = (
    select(history.c.why)
    .where(history.c.kind == SERVICE, history.c.owner == bindparam("owner"))
    .where(history.c.operation_id == bindparam("told_by"))
    .order_by(history.c.number.desc())
    .limit(1)
)

_DUE = (
    select(literal(1))
    .select_from(service)
    .where(service.c.product.in_(bindparam("products", expanding=True)), _is_due())
    .limit(1)
)

_AT_REST = select(_is_at_rest()).select_from(service).where(service.c.id == bindparam("id"))
