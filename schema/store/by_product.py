"""Due rows by product, a few of each: what waits of one, or is paused, costs nothing to look past."""

from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
    true,
)

from schema.store.dialect import POSTGRESQL
from schema.tables import due


def products_due(name: str = "products") -> CTE:
    """Return the products that have due rows, as `name`: one look into the index for each, however many rows it has.

    The last `name` is null, which equals nothing.
    """
    first = select(func.min(due.c.product).label("name")).cte(name, recursive=True)
    following = select(func.min(due.c.product)).where(due.c.product > first.c.name)
    return first.union_all(
        select(following.scalar_subquery()).select_from(first).where(first.c.name.is_not(None))
    )


def woken(wanted: ColumnElement[bool]) -> Select[Any]:
    """Return the query for the operations whose `wake_at` is as wanted."""
    products = products_due()
    found = select(due.c.operation_id).select_from(products)
    return found.where(due.c.product == products.c.name, wanted)


def next_wake(products: CTE) -> ScalarSelect[int | None]:
    """Return when the next operation of each of these products is woken after `now`, as a term of a query for them."""
    ours = due.c.product == products.c.name
    later = due.c.wake_at > bindparam("now", type_=BigInteger)
    return select(func.min(due.c.wake_at)).where(ours, later).scalar_subquery()


def first_of_each(
    dialect: str,
    groups: FromClause,
    mine: FromClause,
    wanted: ColumnElement[bool],
    most: str,
) -> Select[Any]:
    """Return the query for the rows of `mine` (an alias of due) that are `wanted` of each group, the first to be woken.

    `most` names the parameter that says how many of each.
    """
    first = (
        select(mine).where(wanted).order_by(mine.c.wake_at).limit(bindparam(most, type_=Integer))
    )
    columns = ("product", "customer", "operation_id", "wake_at")
    if dialect == POSTGRESQL:  # of those woken at one instant any will do: it would sort them all
        each = first.lateral("each_group")
        query = select(*(each.c[name] for name in columns))
        return query.select_from(groups).join(each, true())
    first = first.order_by(mine.c.operation_id).with_only_columns(mine.c.operation_id)
    chosen = first.correlate(groups).scalar_subquery()
    query = select(*(due.c[name] for name in columns)).select_from(groups)
    return query.join(due, due.c.operation_id.in_(chosen))
