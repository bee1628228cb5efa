"""Ending waits: an operation that is told something is due now, unless a call of it may still act."""

from collections.abc import Sequence

from sqlalchemy import case, update

from schema.store.transaction import Transaction
from schema.tables import due


def wake_now(transaction: Transaction, operations: Sequence[int]) -> None:
    """Make those of these operations that are not due yet so, or as soon as their last calls have settled."""
    now = transaction.now
    earliest = case((due.c.settles_at > now, due.c.settles_at), else_=now)
    later = due.c.operation_id.in_(operations) & (due.c.wake_at > earliest)
    transaction.connection.execute(update(due).where(later).values(wake_at=earliest))
