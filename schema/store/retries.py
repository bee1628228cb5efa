"""Continuing a parked operation: a person has mended the cause, and its next cycle begins (DESIGN idea 7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from schema.errors import Refusal
from schema.ids import public_id
from schema.store.dialect import locked
from schema.store.order import Accepted
from schema.store.transaction import Line, Transaction, Written
from schema.tables import OPERATION, due, operation


@dataclass(frozen=True, slots=True)
class Retry:
    """Begin the next cycle of a parked operation; answered `Accepted`, or why not."""

    operation: int
    actor: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Retry"]) -> list[Accepted | Refusal]:
        """Continue each; people ask for one at a time."""
        return [_retry(transaction, record) for record in records]


def _retry(transaction: Transaction, record: Retry) -> Accepted | Refusal:
    """Continue one operation."""
    query = select(operation).where(operation.c.id == record.operation)
    row = transaction.connection.execute(
        locked(transaction.dialect, query, operation, skip=False)
    ).one_or_none()
    name = public_id("op", record.operation)
    if row is None:
        return Refusal("no_such_operation", 404, f"there is no operation {name}")
    if row.ended_at is not None or row.reason != "parked":
        detail = f"{name} is not parked; only an operation that needs a person can be continued"
        return Refusal("not_parked", 409, detail, facts={"state": row.state})
    again = {
        "cycle": row.cycle + 1,
        "tries": 0,
        "attempt": 0,
        "reason": None,
        "number": row.number + 1,
        "owner": None,
        "epoch": row.epoch + 1,
    }
    run = transaction.connection.execute
    run(update(operation).where(operation.c.id == row.id).values(again))
    run(update(due).where(due.c.operation_id == row.id).values(wake_at=transaction.now))
    line = Line("retried", record.actor, f"cycle {row.cycle + 1}", step=row.step)
    transaction.write_history([Written(OPERATION, row.id, row.number + 1, row.sequence, (line,))])
    return Accepted(row.id, row.product, is_due=True)
