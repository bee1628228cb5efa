"""Continuing a parked operation: a person has mended the cause, and its next cycle begins (DESIGN idea 7).

One that waits for its next try has it now, as soon as its last call has settled; nothing else about it changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from schema.command import rfc3339
from schema.errors import Refusal
from schema.ids import public_id
from schema.store.asked import change_operation, held_operation
from schema.store.confirmations import renew_code
from schema.store.moments import moment
from schema.store.order import Accepted
from schema.store.tickets import TicketNote, note_tickets
from schema.store.transaction import Line, Transaction
from schema.store.waits import wake_now


@dataclass(frozen=True, slots=True)
class Retry:
    """Begin the next cycle of a parked operation, or the next try of another; answered `Accepted`, or why not."""

    operation: int
    actor: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Retry"]) -> list[Accepted | Refusal]:
        """Continue each; people ask for one at a time."""
        return [_retry(transaction, record) for record in records]


def _retry(transaction: Transaction, record: Retry) -> Accepted | Refusal:
    """Continue one operation."""
    row = held_operation(transaction, record.operation)
    if isinstance(row, Refusal):
        return row
    name = public_id("op", record.operation)
    if row.state == "waiting" and row.attempt and row.reason != "parked":
        change_operation(transaction, row, Line("hurried", record.actor, step=row.step), {})
        wake_now(transaction, [row.id])
        return Accepted(row.id, row.product, is_due=True)
    if row.ended_at is not None or row.reason != "parked":
        detail = f"{name} is neither parked nor tried again later; there is nothing to continue"
        return Refusal("not_parked", 409, detail, facts={"state": row.state})
    again = {
        "cycle": row.cycle + 1,
        "tries": 0,
        "attempt": 0,
        "reason": None,
        "owner": None,
        "epoch": row.epoch + 1,
    }
    line = Line("retried", record.actor, step=row.step)
    change_operation(transaction, row, line, again)
    renew_code(transaction, row.id, row.cycle + 1)
    wake_now(transaction, [row.id])
    note = TicketNote(
        f"Retried by {record.actor} at {rfc3339(moment(transaction.now))}; Turnup goes on by itself."
    )
    note_tickets(transaction, [(row.id, row.ticket, note)])
    return Accepted(row.id, row.product, is_due=True)
