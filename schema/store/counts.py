"""Counts of what happened, kept in the transaction in which it happens.

Counters of a process would begin again with it, and each process would know only its own; these are true for all of
them and for good, and cost one statement for a group of records. The row of a count is divided into shares, so that
processes that write at the same time rarely wait for each other.
"""

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Text,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from schema.store.dialect import POSTGRESQL, Columns, rows
from schema.store.transaction import Transaction
from schema.tables import tally

#: What is counted, beside the states in which operations end.
ACCEPTED, MISSED, RETRIED = "accepted", "missed", "retried"

#: The day under which counts of all time stand; only missed deadlines are counted by day too.
EVER = 0

#: A day of UTC, in stored form.
DAY = 86_400_000

COUNT: Columns = {
    "day": BigInteger(),
    "product": Text(),
    "verb": Text(),
    "what": Text(),
    "how": Text(),
    "count": BigInteger(),
}


class Counted(NamedTuple):
    """One thing that happened; `how` is the outcome of an end, or the cause of a retry."""

    product: str
    verb: str
    what: str
    how: str = ""


def count(transaction: Transaction, happened: Iterable[Counted]) -> None:
    """Count what happened; `store_counts` stores it, after all else, for other writers wait for the row of a count."""
    transaction.counted.update(happened)


def store_counts(transaction: Transaction) -> None:
    """Store what was counted in a transaction, at most one row for each kind of it."""
    if counted := transaction.counted:
        day = transaction.now // DAY
        values = [(EVER, *each, n) for each, n in counted.items()]
        values += [(day, *each, n) for each, n in counted.items() if each[2] == MISSED]
        transaction.run(_add(transaction.dialect), COUNT, sorted(values))


@cache
def _add(dialect: str) -> Insert:
    """Return the statement that adds to counts, in the share of the connection that runs it."""
    given = rows(dialect, COUNT)
    share: ColumnElement[int] = literal_column("0", Integer)
    kind = sqlite.insert
    if dialect == POSTGRESQL:
        kind = postgresql.insert  # type: ignore[assignment]  # they are called the same way
        share = func.pg_backend_pid() % literal_column("16", Integer)
    # SQLite takes ON CONFLICT for a join's ON unless a WHERE stands before it.
    query = select(*given.c, share).where(true())
    put = kind(tally).from_select([*COUNT, "share"], query)
    keys = ["day", "product", "verb", "what", "how", "share"]
    return put.on_conflict_do_update(
        index_elements=keys, set_={"count": tally.c.count + put.excluded.count}
    )
