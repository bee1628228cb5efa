"""What a platform refused or left unanswered last, for each operation: the evidence that its ticket shows (CO-12)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Insert, Row, Text, bindparam, case, select
from sqlalchemy.dialects import postgresql, sqlite

from schema.command import rfc3339
from schema.store.by_product import products_due
from schema.store.clock import read_times
from schema.store.dialect import POSTGRESQL
from schema.store.moments import MILLISECOND, moment
from schema.store.transaction import Transaction
from schema.tables import due, operation, trouble

#: Who tries again is woken within this time, the longest that a platform can ask for, or is at it just now.
AHEAD, BEHIND = timedelta(hours=1), timedelta(minutes=1)

#: The most that are looked at of a product, those that wait longest first.
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Trouble:
    """A try of a step that failed, the last of so many in a row; `request_id` is the platform's name for the call."""

    step: str
    tries: int
    said: str
    request_id: str | None = None


class Retrying(NamedTuple):
    """How many operations are tried again, at the least, and what their platform said last, and when."""

    operations: int
    is_all: bool
    said: str
    at: datetime


def note_troubles(transaction: Transaction, troubles: Sequence[tuple[int, Trouble]]) -> None:
    """Keep the newest trouble of each operation, and since when its step has had it."""
    if not troubles:
        return
    values = [
        {
            "operation_id": key,
            "step": each.step,
            "said": each.said,
            "request_id": each.request_id,
            "tries": each.tries,
            "first_at": transaction.now,
            "last_at": transaction.now,
        }
        for key, each in troubles
    ]
    transaction.connection.execute(_put(transaction.dialect), values)


def evidence(transaction: Transaction, operations: Collection[int]) -> dict[int, str]:
    """Return what a ticket says about the troubles of operations, for those that had any."""
    if not operations:
        return {}
    query = select(trouble).where(trouble.c.operation_id.in_(operations))
    return {row.operation_id: _told(row) for row in transaction.connection.execute(query)}


def retrying(connection: Connection) -> dict[str, Retrying]:
    """Return what is tried again because of its platform, by product."""
    now = read_times(connection).business
    times = {"since": now - BEHIND // MILLISECOND, "until": now + AHEAD // MILLISECOND}
    found: dict[str, Retrying] = {}
    for name in connection.execute(select(products_due())).scalars().all():
        rows = connection.execute(_RETRYING, {"name": name, **times}).all()
        if tried := [row for row in rows if row.said is not None]:
            newest = max(tried, key=lambda row: row.last_at)
            said = (newest.said, moment(newest.last_at))
            found[name] = Retrying(len(tried), len(rows) < MOST, *said)
    return found


def _told(row: Row[Any]) -> str:
    """Return one trouble as lines of a ticket."""
    first, last = rfc3339(moment(row.first_at)), rfc3339(moment(row.last_at))
    when = f"at {last}" if row.tries == 1 else f"from {first} to {last}"
    lines = [f"Last error: {row.said}", f"Tries:      {row.tries} of {row.step}, {when}"]
    if row.request_id:
        lines.append(f"Request:    {row.request_id} (the platform's id of the last call)")
    return "\n".join(lines)


@cache
def _put(dialect: str) -> Insert:
    """Return the statement that replaces a trouble; the first of several in a row stays the first."""
    kind = postgresql.insert if dialect == POSTGRESQL else sqlite.insert
    put = kind(trouble)
    given = put.excluded
    is_next = (given.tries > 1) & (given.step == trouble.c.step)
    first_at = case((is_next, trouble.c.first_at), else_=given.first_at)
    newest = {name: given[name] for name in ("step", "said", "request_id", "tries", "last_at")}
    values = {**newest, "first_at": first_at}
    return put.on_conflict_do_update(index_elements=["operation_id"], set_=values)


_near = (
    select(due.c.operation_id)
    .where(due.c.product == bindparam("name", type_=Text))
    .where(due.c.wake_at > bindparam("since", type_=BigInteger))
    .where(due.c.wake_at <= bindparam("until", type_=BigInteger))
    .order_by(due.c.wake_at.desc())
    .limit(MOST)
    .subquery("near")
)
_fails = (operation.c.id == _near.c.operation_id) & (operation.c.attempt > 0)
_is_of_now = (trouble.c.step == operation.c.step) & (trouble.c.tries == operation.c.attempt)
_RETRYING = (
    select(trouble.c.said, trouble.c.last_at)
    .outerjoin_from(_near, operation, _fails)
    .outerjoin(trouble, (trouble.c.operation_id == operation.c.id) & _is_of_now)
)
