"""Figures of how everything stands, for people and programs who watch: what waits, what is late, who works.

No query here grows with what waits or has ended: each begins at counts, at an index of what people have open, or at
the first few due rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    Subquery,
    and_,
    bindparam,
    case,
    func,
    select,
    text,
    true,
)

from schema.store.by_product import first_of_each, next_wake, products_due
from schema.store.clock import read_times
from schema.store.counts import ACCEPTED, DAY, EVER, MISSED, Counted
from schema.store.dialect import LEASE_NOW, POSTGRESQL
from schema.store.moments import MILLISECOND, moment, moment_or_none
from schema.store.pauses import paused_products
from schema.tables import FAR, delivery, due, operation, outbox, tally, ticket, worker
from schema.views import ENDS

#: How far ahead deadlines are told.
SOON = timedelta(hours=1)

#: So many due rows of a product are looked at, and so many deadlines: a backlog of a million takes seconds to count.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Heap:
    """How many operations are somewhere, at most `MOST`, and since when the oldest could have begun, or is due."""

    count: int = 0
    oldest: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        """Return how long the oldest waits; nothing where there is none."""
        return max(now - self.oldest, timedelta()) if self.oldest else timedelta()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a product stands: all that has not ended, and what of it is where."""

    open: int = 0
    due: Heap = field(default_factory=Heap)
    in_flight: int = 0
    in_line: Heap = field(default_factory=Heap)
    parked: Heap = field(default_factory=Heap)
    next_due: datetime | None = None
    soon: int = 0
    late: int = 0
    missed_today: int = 0
    tickets: int = 0
    is_paused: bool = False

    @property
    def waiting(self) -> int:
        """How many nobody works on."""
        return self.open - self.in_flight


@dataclass(frozen=True, slots=True)
class Presence:
    """How many processes of a role have a lease, and how long ago the last of them showed that it works."""

    alive: int
    last_pass: timedelta


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything in one look; `counts` are of all time, `unsent` deliveries by channel."""

    now: datetime
    products: Mapping[str, Standing]
    counts: Mapping[Counted, int]
    unsent: Mapping[str, Heap]
    unsent_events: int
    roles: Mapping[str, Presence]


def standings(connection: Connection) -> dict[str, Standing]:
    """Return how each product stands that has something open, or missed a deadline today."""
    now = read_times(connection).business
    times = {"now": now, "soon": now + SOON // MILLISECOND, "today": now // DAY}
    times["most"] = MOST
    found: dict[str, dict[str, Any]] = {}
    for query, read in _queries(connection.dialect.name):
        for row in connection.execute(query, times):
            found.setdefault(row.product, {}).update(read(row))
    for name in paused_products(connection):
        found.setdefault(name, {})["is_paused"] = True
    return {name: Standing(**values) for name, values in sorted(found.items())}


def figures(connection: Connection) -> Figures:
    """Return all figures, read in one look."""
    return Figures(
        moment(read_times(connection).business),
        standings(connection),
        {Counted(*row[:-1]): int(row.total) for row in connection.execute(_COUNTS)},
        {row.channel: Heap(row.total, moment(row.oldest)) for row in connection.execute(_UNSENT)},
        connection.execute(_UNSENT_EVENTS).scalar_one(),
        _roles(connection),
    )


def _queries(dialect: str) -> tuple[tuple[Select[Any], Callable[[Row[Any]], dict[str, Any]]], ...]:
    """Return the queries for products, each with what it tells of one."""
    return (
        (_OPEN, lambda row: {"open": int(row.open)}),
        (_NEXT, lambda row: {"next_due": moment_or_none(row.next_due)}),
        (_places_query(dialect), _places),
        (_soon_query(dialect), lambda row: {"soon": row.soon}),
        (_late_query(dialect), lambda row: {"late": row.late}),
        (_MISSED, lambda row: {"missed_today": int(row.missed)}),
        (_tickets_query(dialect), lambda row: {"tickets": row.tickets}),
    )


def _roles(connection: Connection) -> dict[str, Presence]:
    """Return who works; a process that stopped in an orderly way has left nothing to see."""
    now = LEASE_NOW[connection.dialect.name]
    alive = func.count().filter(worker.c.lease_until >= now)
    age = now - func.max(worker.c.renewed_at)
    query = select(worker.c.role, alive.label("alive"), age.label("age")).group_by(worker.c.role)
    return {
        row.role: Presence(row.alive, timedelta(milliseconds=max(row.age, 0)))
        for row in connection.execute(query)
    }


def _heap(count: int, oldest: int | None) -> Heap:
    """Return a heap as it is read."""
    return Heap(count, moment_or_none(oldest))


def _places(row: Row[Any]) -> dict[str, Any]:
    """Return what of a product is due, in flight, in line and parked."""
    return {
        "due": _heap(row.due, row.due_since),
        "in_flight": row.in_flight,
        "in_line": _heap(row.in_line, row.in_line_since),
        "parked": _heap(row.parked, row.parked_since),
    }


_now = bindparam("now", type_=BigInteger)

#: What was accepted and has not ended: nobody has to count it.
_OPEN = (
    select(
        tally.c.product,
        func.sum(case((tally.c.what == ACCEPTED, tally.c.count), else_=-tally.c.count)).label(
            "open"
        ),
    )
    .where(tally.c.day == EVER, tally.c.what.in_((ACCEPTED, *ENDS)))
    .group_by(tally.c.product)
)

_products = products_due()
_NEXT = select(_products.c.name.label("product"), next_wake(_products).label("next_due")).where(
    _products.c.name.is_not(None)
)


def _asked(dialect: str, picked: Select[Any], *names: str) -> Subquery:
    """Return rows that name an operation, each with these columns of it.

    PostgreSQL asks for one operation after the other, or it would begin with all there are where it knows no better.
    """
    rows = picked.subquery("picked")
    columns = [operation.c[name] for name in names]
    mine = operation.c.id == rows.c.operation_id
    if dialect != POSTGRESQL:
        return select(rows, *columns).join(operation, mine).subquery("one")
    one = select(*columns).where(mine).limit(1).lateral("asked")
    return select(rows, *one.c).join(one, true()).subquery("one")


@cache
def _places_query(dialect: str) -> Select[Any]:
    """Return the query for what is due, and for what has no time at which it is."""
    products, mine = products_due(), due.alias("mine")
    ours = mine.c.product == products.c.name
    either = (ours & (mine.c.wake_at <= _now), ours & (mine.c.wake_at >= FAR))
    asked = ("owner", "in_line", "reason", "starts_at")
    picked = (first_of_each(dialect, products, mine, wanted, "most") for wanted in either)
    now, never = (_asked(dialect, each, *asked) for each in picked)
    one = select(now).union_all(select(never)).subquery("places")
    free = one.c.owner.is_(None)
    is_due = and_(free, one.c.wake_at <= _now)
    is_in_line = and_(free, one.c.in_line)
    is_parked = and_(free, one.c.reason == "parked", one.c.wake_at >= FAR)
    return select(
        one.c.product,
        func.count().filter(is_due).label("due"),
        func.min(one.c.wake_at).filter(is_due).label("due_since"),
        func.count().filter(~free).label("in_flight"),
        func.count().filter(is_in_line).label("in_line"),
        func.min(one.c.starts_at).filter(is_in_line).label("in_line_since"),
        func.count().filter(is_parked).label("parked"),
        func.min(one.c.starts_at).filter(is_parked).label("parked_since"),
    ).group_by(one.c.product)


def _decided(wanted: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the first due rows whose `decide_at` is as wanted."""
    picked = select(due.c.product, due.c.operation_id).where(wanted).order_by(due.c.decide_at)
    return picked.limit(bindparam("most", type_=Integer))


@cache
def _soon_query(dialect: str) -> Select[Any]:
    """Return the query for deadlines that come soon: they are looked at no later, so that due rows lead to them."""
    until = bindparam("soon", type_=BigInteger)
    one = _asked(dialect, _decided(due.c.decide_at <= until + 1), "deadline_at")
    is_soon = and_(one.c.deadline_at >= _now, one.c.deadline_at <= until)
    return select(one.c.product, func.count().label("soon")).where(is_soon).group_by(one.c.product)


@cache
def _late_query(dialect: str) -> Select[Any]:
    """Return the query for what is late and goes on: its deadline is decided for good, or about to be."""
    either = (_decided(due.c.decide_at >= FAR), _decided(due.c.decide_at <= _now))
    one, other = (_asked(dialect, each, "deadline_at") for each in either)
    every = select(one).union_all(select(other)).subquery("late")
    is_late = every.c.deadline_at < _now
    return (
        select(every.c.product, func.count().label("late")).where(is_late).group_by(every.c.product)
    )


@cache
def _tickets_query(dialect: str) -> Select[Any]:
    """Return the query for open tickets, which have an index of their own."""
    picked = select(ticket.c.operation_id).where(ticket.c.state == text("'open'"))
    one = _asked(dialect, picked, "product")
    return select(one.c.product, func.count().label("tickets")).group_by(one.c.product)


_MISSED = (
    select(tally.c.product, func.sum(tally.c.count).label("missed"))
    .where(tally.c.day == bindparam("today", type_=BigInteger), tally.c.what == MISSED)
    .group_by(tally.c.product)
)

_named = (tally.c.product, tally.c.verb, tally.c.what, tally.c.how)
_COUNTS = (
    select(*_named, func.sum(tally.c.count).label("total"))
    .where(tally.c.day == EVER)
    .group_by(*_named)
    .order_by(*_named)
)

_UNSENT = (
    select(
        delivery.c.channel,
        func.count().label("total"),
        func.min(delivery.c.due_at).label("oldest"),
    )
    .where(delivery.c.state == "waiting")
    .group_by(delivery.c.channel)
)

_UNSENT_EVENTS = select(func.count()).select_from(outbox)
