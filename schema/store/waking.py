"""What is due: operations to be offered, deadlines to be decided, and the next time at which anything is.

The queries here only read. None of them grows with what waits or what has ended, but with what is due of a paused
product.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import zip_longest
from math import inf
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
)

from schema.store.by_product import first_of_each, next_wake, products_due
from schema.store.clock import read_times
from schema.store.deliveries import is_first
from schema.store.dialect import packed, rows
from schema.store.moments import moment, moment_or_none
from schema.store.pauses import is_active
from schema.tables import delivery, due, operation, outbox, service, signal


class Wake(NamedTuple):
    """An operation that is due, and since when: the same one due again later is another wake."""

    operation: int
    since: int


@dataclass(frozen=True, slots=True)
class Late:
    """An operation whose jeopardy or deadline has come, with what a ticket has to say about it."""

    operation: int
    product: str
    verb: str
    customer: str
    reference: str
    service_state: str
    state: str
    step: str | None
    attempt: int
    reason: str | None
    told: int
    accepted_at: datetime
    jeopardy_at: datetime
    deadline_at: datetime
    now: datetime
    #: Whether it is past its point of no return, being undone, or to be.
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class Quiet:
    """Whether nothing can be done at this business time, and when the next thing can.

    `signals` is the newest signal: where two looks are quiet and name the same one, nobody was woken in between.
    """

    is_quiet: bool
    now: datetime
    next_due: datetime | None
    signals: int = 0

    @property
    def lasts(self) -> float:
        """How long nothing will be due, in seconds, as far as business time runs with the clock."""
        return (self.next_due - self.now).total_seconds() if self.next_due else inf


def due_operations(connection: Connection, most: int) -> dict[str, list[Wake]]:
    """Return by product what has been due longest and nobody owns, at most so many operations."""
    now = read_times(connection).business
    found: dict[str, list[Wake]] = {}
    given = {"now": now, "most": most}
    for row in connection.execute(_due(connection.dialect.name), given):
        found.setdefault(row.product, []).append(Wake(row.operation_id, row.wake_at))
    return found


def customers_in_turn(connection: Connection, product: str, after: str, most: int) -> list[str]:
    """Return the customers with something open, by name, beginning after `after` and then from the start again."""
    given = {"product": product, "most": most}
    found = list(connection.execute(_TURN, {**given, "after": after}).scalars())
    if len(found) < most:
        found += connection.execute(_TURN, {**given, "after": ""}).scalars()
    return list(dict.fromkeys(name for name in found if name is not None))[:most]


def due_of_customers(
    connection: Connection, product: str, customers: Sequence[str], each: int
) -> list[Wake]:
    """Return, one customer after the other, what is due for them and nobody owns: at most `each` of a customer."""
    dialect = connection.dialect.name
    given = {"product": product, "each": each, "now": read_times(connection).business}
    names = packed(("name",), ((name,) for name in customers))
    by_customer: dict[str, list[Wake]] = {name: [] for name in customers}
    for row in connection.execute(_due_of_customers(dialect), {**given, "rows": names}):
        by_customer[row.customer].append(Wake(row.operation_id, row.wake_at))
    rounds = zip_longest(*by_customer.values())
    return [wake for turn in rounds for wake in turn if wake]


def late_operations(connection: Connection, most: int) -> list[Late]:
    """Return the operations whose jeopardy or missed deadline nobody has told yet, oldest first."""
    now = read_times(connection).business
    found = connection.execute(_LATE, {"now": now, "most": most})
    times = ("accepted_at", "jeopardy_at", "deadline_at")
    return [
        Late(now=moment(now), **{**row, **{name: moment(row[name]) for name in times}})
        for row in found.mappings()
    ]


def quiet(connection: Connection) -> Quiet:
    """Return whether nothing is owned, due or unsent, and when something will be."""
    now = read_times(connection).business
    row = connection.execute(_QUIET, {"now": now}).one()
    nexts = [
        moment_or_none(value)
        for value in (row.next_wake, row.next_decide, row.next_delivery)
        if value is not None
    ]
    next_due = min((each for each in nexts if each), default=None)
    return Quiet(not row.is_busy, moment(now), next_due, row.signals or 0)


def _is_free(looked_at: FromClause) -> ColumnElement[bool]:
    """Return whether nobody owns the operation of a due row.

    Asked for each due row by itself: as a join, PostgreSQL would begin with the operations where it knows no better.
    """
    owner = select(operation.c.owner).where(operation.c.id == looked_at.c.operation_id)
    return owner.scalar_subquery().is_(None)


#: Each customer costs one look into the index, however much of his waits.
_first = select(func.min(due.c.customer).label("name")).where(
    due.c.product == bindparam("product", type_=Text),
    due.c.customer > bindparam("after", type_=Text),
)
_turn = _first.cte("turn", recursive=True)
_next = (
    select(func.min(due.c.customer))
    .where(due.c.product == bindparam("product", type_=Text), due.c.customer > _turn.c.name)
    .scalar_subquery()
)
_TURN = select(
    _turn.union_all(select(_next).select_from(_turn).where(_turn.c.name.is_not(None))).c.name
).limit(bindparam("most", type_=Integer))

_late = (
    select(due.c.operation_id, due.c.decide_at)
    .where(due.c.decide_at <= bindparam("now", type_=BigInteger))
    .order_by(due.c.decide_at)
    .limit(bindparam("most", type_=Integer))
    .subquery("late")
)
_LATE = (
    select(
        operation.c.id.label("operation"),
        *(
            operation.c[name]
            for name in ("product", "verb", "state", "step", "attempt", "reason", "told")
        ),
        *(operation.c[name] for name in ("accepted_at", "jeopardy_at", "deadline_at")),
        service.c.customer,
        service.c.reference,
        service.c.state.label("service_state"),
        or_(
            operation.c.past_return,
            operation.c.undoing.is_not(None),
            operation.c.cancel.is_not(None),
        ).label("is_final"),
    )
    .join_from(_late, operation, operation.c.id == _late.c.operation_id)
    .join(service, service.c.id == operation.c.service_id)
    .order_by(_late.c.decide_at)
)

_now = bindparam("now", type_=BigInteger)
_products = products_due()
_is_due = select(literal(1)).where(due.c.product == _products.c.name, due.c.wake_at <= _now)
_is_waiting = delivery.c.state == "waiting"
_QUIET = select(
    (
        select(literal(1))
        .select_from(_products)
        .where(is_active(_products.c.name), _is_due.exists())
        .exists()
        | select(literal(1)).where(due.c.decide_at <= _now).exists()
        | select(literal(1)).select_from(outbox).exists()
        | select(literal(1)).where(_is_waiting, delivery.c.due_at <= _now, is_first()).exists()
    ).label("is_busy"),
    select(func.min(next_wake(_products)))
    .select_from(_products)
    .scalar_subquery()
    .label("next_wake"),
    select(func.min(due.c.decide_at))
    .where(due.c.decide_at > _now)
    .scalar_subquery()
    .label("next_decide"),
    select(func.min(delivery.c.due_at))
    .where(_is_waiting, delivery.c.due_at > _now)
    .scalar_subquery()
    .label("next_delivery"),
    select(func.max(signal.c.id)).scalar_subquery().label("signals"),
)


@cache
def _due(dialect: str) -> Select[Any]:
    """Return the query that reads what is due, a part of each product that is not paused."""
    products, mine = products_due(), due.alias("mine")
    wanted = and_(
        mine.c.product == products.c.name,
        mine.c.wake_at <= bindparam("now", type_=BigInteger),
        _is_free(mine),
    )
    each = first_of_each(dialect, products, mine, wanted, "most")
    found = each.where(is_active(products.c.name)).subquery("found")
    query = select(found.c.operation_id, found.c.product, found.c.wake_at)
    query = query.order_by(found.c.wake_at, found.c.operation_id)
    return query.limit(bindparam("most", type_=Integer))


@cache
def _due_of_customers(dialect: str) -> Select[Any]:
    """Return the query that reads a few due rows for each customer, however many he has."""
    asked, mine = rows(dialect, {"name": Text()}), due.alias("mine")
    wanted = and_(
        mine.c.product == bindparam("product", type_=Text),
        mine.c.customer == asked.c.name,
        mine.c.wake_at <= bindparam("now", type_=BigInteger),
        _is_free(mine),
    )
    found = first_of_each(dialect, asked, mine, wanted, "each").subquery("found")
    query = select(found.c.customer, found.c.operation_id, found.c.wake_at)
    return query.order_by(found.c.customer, found.c.wake_at, found.c.operation_id)
