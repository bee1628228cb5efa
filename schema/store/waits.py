"""Waits: until when operations wait, and what ends that: who is told something is due, once its calls have settled."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import BigInteger, Update, case, update

from schema.store.dialect import Columns, rows
from schema.store.transaction import Transaction
from schema.tables import due

WAIT: Columns = {"id": BigInteger(), "wake_at": BigInteger(), "settles_at": BigInteger()}


def set_waits(transaction: Transaction, waits: Sequence[tuple[int, int, int]]) -> None:
    """Set for operations when they are looked at again, and until when nothing hurries them."""
    if waits:
        transaction.run(_set_waits(transaction.dialect), WAIT, waits)


def wake_now(transaction: Transaction, operations: Sequence[int]) -> None:
    """Make those of these operations that are not due yet so, or as soon as their last calls have settled."""
    now = transaction.now
    earliest = case((due.c.settles_at > now, due.c.settles_at), else_=now)
    later = due.c.operation_id.in_(operations) & (due.c.wake_at > earliest)
    transaction.connection.execute(update(due).where(later).values(wake_at=earliest))


@cache
def _set_waits(dialect: str) -> Update:
    """Return the statement that sets when operations are looked at again."""
    given = rows(dialect, WAIT)
    values = {name: given.c[name] for name in ("wake_at", "settles_at")}
    return update(due).values(values).where(due.c.operation_id == given.c.id)
