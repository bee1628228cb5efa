"""Reading what the outside may see; one query for a page, whatever its size.

Lists are read newest first and go on after a key (`Span.after`), so that what is added meanwhile moves nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from schema.asker import ANYBODY, Asker
from schema.errors import NotFound
from schema.ids import key_of
from schema.store.by_product import woken
from schema.store.call_history import with_last_call
from schema.store.dialect import ID, LEASE_NOW, is_given, is_one_of, packed
from schema.store.moments import moment
from schema.store.reach import reached
from schema.store.showing import Products, operation_of, service_of, ticket_of
from schema.tables import (
    FAR,
    OVERDUE,
    clock,
    command,
    comment,
    due,
    operation,
    service,
    ticket,
)
from schema.views import Comment, Operation, OperationState, Service, Ticket

#: An operation in one of these has a due row, which leads to the few among all that have ended.
OPEN_STATES = frozenset({"accepted", "running", "waiting"})


@dataclass(frozen=True, slots=True)
class Span:
    """Which part of a list: at most `most`, after the one with the key `after`."""

    most: int = 50
    after: int | None = None


@dataclass(frozen=True, slots=True)
class OperationFilter:
    """Which operations; `service` is `svc_...` or `<customer>/<reference>`, None asks for all.

    `parked` are only those that need a person.
    """

    product: str | None = None
    state: OperationState | None = None
    customer: str | None = None
    service: str | None = None
    overdue: bool | None = None
    parked: bool = False
    asker: Asker = ANYBODY


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """Which services; None asks for all."""

    product: str | None = None
    state: str | None = None
    customer: str | None = None
    asker: Asker = ANYBODY


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets; None asks for all."""

    product: str | None = None
    state: Literal["open", "resolved"] | None = None
    customer: str | None = None
    asker: Asker = ANYBODY


WHOLE = Span()


def list_operations(
    connection: Connection, wanted: OperationFilter, span: Span = WHOLE
) -> list[Operation]:
    """Return operations, newest first; none where the service that is asked for does not exist."""
    dialect = connection.dialect.name
    ways = [_part(each, operation.c.id, span).subquery() for each in _chosen(dialect, wanted)]
    found = union_all(*(select(each.c.id) for each in ways)).subquery()
    chosen = select(found.c.id).order_by(found.c.id.desc()).limit(span.most).subquery("chosen")
    query = _operations(dialect).join(chosen, chosen.c.id == operation.c.id)
    return [operation_of(row) for row in connection.execute(query.order_by(operation.c.id.desc()))]


def find_operations(connection: Connection, keys: Iterable[int]) -> dict[int, Operation]:
    """Return those of these operations that exist, by key."""
    query = _operations_by_key(connection.dialect.name)
    asked = {"rows": packed(ID, ((key,) for key in keys))}
    return {row.id: operation_of(row) for row in connection.execute(query, asked)}


def find_operation(connection: Connection, public: str) -> Operation:
    """Return the operation `op_...`, or the newest one of the service `<customer>/<reference>`; or raise `NotFound`."""
    if "/" in public:
        found = list_operations(connection, OperationFilter(service=public), Span(1))
    else:
        found = list(find_operations(connection, [key_of("op", public)]).values())
    if not found:
        raise NotFound(f"there is no operation {public}")
    return found[0]


def list_services(
    connection: Connection, products: Products, wanted: ServiceFilter, span: Span = WHOLE
) -> list[Service]:
    """Return services, newest first."""
    asked = _same(service, product=wanted.product, state=wanted.state, customer=wanted.customer)
    asked += reached(wanted.asker, service.c.customer)
    query = _part(_services(connection.dialect.name).where(*asked), service.c.id, span)
    return [service_of(row, products) for row in connection.execute(query)]


def find_service(connection: Connection, products: Products, name: str) -> Service:
    """Return the service `svc_...` or `<customer>/<reference>`, or raise `NotFound`."""
    row = connection.execute(_services(connection.dialect.name).where(named(name))).one_or_none()
    if row is None:
        raise NotFound(f"there is no service {name}")
    return service_of(row, products)


def find_services(
    connection: Connection, products: Products, customer: str, references: Sequence[str]
) -> list[Service]:
    """Return services of a customer in the order of their references, or raise `NotFound` with those there are not."""
    query = _services(connection.dialect.name).where(service.c.customer == customer)
    rows = connection.execute(query.where(service.c.reference.in_(references)))
    found = {row.reference: service_of(row, products) for row in rows}
    if missing := [f"{customer}/{each}" for each in references if each not in found]:
        raise NotFound(f"there is no service {', '.join(missing)}")
    return [found[each] for each in references]


def list_tickets(connection: Connection, wanted: TicketFilter, span: Span = WHOLE) -> list[Ticket]:
    """Return tickets, newest first, each with its comments."""
    query = all_tickets().where(*_same(operation, product=wanted.product))
    query = query.where(*_same(service, customer=wanted.customer))
    if wanted.state == "open":  # as its index has it
        query = query.where(ticket.c.state == literal_column("'open'"))
    else:
        query = query.where(*_same(ticket, state=wanted.state))
    query = query.where(*reached(wanted.asker, service.c.customer))
    return with_comments(connection, connection.execute(_part(query, ticket.c.id, span)).all())


def find_ticket(connection: Connection, public: str) -> Ticket:
    """Return the ticket `tkt_...`, or raise `NotFound`."""
    query = all_tickets().where(ticket.c.id == key_of("tkt", public))
    found = with_comments(connection, connection.execute(query).all())
    if not found:
        raise NotFound(f"there is no ticket {public}")
    return found[0]


def _chosen(dialect: str, wanted: OperationFilter) -> list[Select[Any]]:
    """Return the queries for the keys of operations, each for others; what is shown is read once they are chosen."""
    asked = {"product": wanted.product, "state": wanted.state, "customer": wanted.customer}
    query = select(operation.c.id).where(*_same(operation, **asked))
    query = query.where(*reached(wanted.asker, operation.c.customer))
    if wanted.service is not None:
        asked_for = select(service.c.id).where(named(wanted.service)).scalar_subquery()
        mine = operation.alias("mine")
        its = select(mine.c.id).where(mine.c.service_id == asked_for)
        query = query.where(is_one_of(dialect, operation.c.id, its))
    if wanted.parked:
        never = is_one_of(dialect, operation.c.id, woken(due.c.wake_at >= FAR))
        query = query.where(operation.c.reason == "parked", never)
    elif wanted.state in OPEN_STATES:
        query = query.join(due, due.c.operation_id == operation.c.id)
    if wanted.overdue is None:
        return [query]
    now = select(_now(dialect)).select_from(clock).scalar_subquery()
    is_overdue = func.coalesce(operation.c.ended_at, now) > operation.c.deadline_at
    query = query.where(is_overdue == wanted.overdue)
    if not wanted.overdue:
        return [query]
    told = query.where(operation.c.told == literal_column(str(OVERDUE)))  # as its index has it
    undecided = is_one_of(
        dialect, operation.c.id, select(due.c.operation_id).where(due.c.decide_at <= now)
    )
    return [told, query.where(operation.c.told < OVERDUE, undecided)]


def _part(query: Select[Any], key: ColumnElement[int], span: Span) -> Select[Any]:
    """Return the query for one part of what another finds."""
    if span.after is not None:
        query = query.where(key < span.after)
    return query.order_by(key.desc()).limit(span.most)


def _same(table: Any, **wanted: str | None) -> list[ColumnElement[bool]]:  # noqa: ANN401  a table or an alias of it
    """Return the conditions that columns have these values; None is no condition."""
    return [table.c[name] == value for name, value in wanted.items() if value is not None]


def named(name: str) -> ColumnElement[bool]:
    """Return the condition that a service is `svc_...` or `<customer>/<reference>`."""
    owner, slash, reference = name.partition("/")
    if slash:
        return (service.c.customer == owner) & (service.c.reference == reference)
    return service.c.id == key_of("svc", name)


def _now(dialect: str) -> ColumnElement[int]:
    """Return business time as a term of a query that joins the clock."""
    return func.coalesce(clock.c.standing_at, LEASE_NOW[dialect] + clock.c.offset, type_=BigInteger)


#: What another system's desk says of an operation's ticket, and when it is looked at; most have neither.
_REMOTE = select(ticket.c.remote).where(ticket.c.id == operation.c.ticket).scalar_subquery()
_WAKE = select(due.c.wake_at).where(due.c.operation_id == operation.c.id).scalar_subquery()


@cache
def _operations(dialect: str) -> Select[Any]:
    """Return the query for operations, each with its service, its command and the time it is."""
    own = (
        *("id", "product", "verb", "service_id", "state", "step"),
        *("attempt", "outcome", "reason", "cancel", "ticket"),
        *("accepted_at", "deadline_at", "ended_at"),
    )
    return (
        select(*(operation.c[name] for name in own))
        .add_columns(service.c.customer, service.c.reference, _now(dialect).label("now"))
        .add_columns(command.c.source, command.c.actor, command.c.correlation_id)
        .add_columns(_REMOTE.label("remote"), _WAKE.label("wake_at"))
        .select_from(operation.join(service, service.c.id == operation.c.service_id))
        .join(command, command.c.id == operation.c.id)
        .join(clock, true())
    )


@cache
def _operations_by_key(dialect: str) -> Select[Any]:
    """Return the query for operations by their keys."""
    return _operations(dialect).where(is_given(dialect, operation.c.id))


@cache
def _services(dialect: str) -> Select[Any]:
    """Return the query for services, each with the oldest operation that is under way on it."""
    has_begun = or_(operation.c.state != "accepted", operation.c.starts_at <= _now(dialect))
    under_way = (
        select(func.min(operation.c.id))
        .where(operation.c.service_id == service.c.id, operation.c.ended_at.is_(None), has_begun)
        .correlate(service, clock)
        .scalar_subquery()
    )
    names = ("id", "customer", "reference", "product", "state", "facts", "created_at")
    columns = (service.c[name] for name in names)
    query = select(*columns, under_way.label("operation_id")).select_from(service)
    return with_last_call(query.join(clock, true()))


@cache
def all_tickets() -> Select[Any]:
    """Return the query for tickets, each with the service that it is about."""
    return (
        select(ticket, service.c.customer, service.c.reference)
        .join(operation, operation.c.id == ticket.c.operation_id)
        .join(service, service.c.id == operation.c.service_id)
    )


def with_comments(connection: Connection, found: Sequence[Row[Any]]) -> list[Ticket]:
    """Return tickets as they are read."""
    comments: dict[int, list[Comment]] = {}
    query = select(comment.c.ticket_id, comment.c.at, comment.c.body).order_by(comment.c.id)
    for row in connection.execute(query.where(comment.c.ticket_id.in_([row.id for row in found]))):
        comments.setdefault(row.ticket_id, []).append(Comment(at=moment(row.at), body=row.body))
    return [ticket_of(row, comments.get(row.id, ())) for row in found]
