"""Resolving a ticket by hand: of an operation that is over, when people have done what it asks (CO-5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from schema.errors import Refusal
from schema.ids import public_id
from schema.store.asked import held_operation
from schema.store.tickets import TicketNote, note_tickets
from schema.store.transaction import Transaction
from schema.tables import ticket


@dataclass(frozen=True, slots=True)
class ResolveTicket:
    """Resolve the ticket of an operation that has ended; answered whether it was open, or why it is not resolved."""

    operation: int
    actor: str
    why: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["ResolveTicket"]) -> list[bool | Refusal]:
        """Resolve each; people ask for one at a time."""
        return [_resolve(transaction, record) for record in records]


def _resolve(transaction: Transaction, record: ResolveTicket) -> bool | Refusal:
    """Resolve one."""
    row = held_operation(transaction, record.operation)
    if isinstance(row, Refusal):
        return row
    name = public_id("op", row.id)
    if row.ticket is None:
        return Refusal("no_ticket", 409, f"{name} has no ticket")
    if row.ended_at is None:
        detail = f"{name} has not ended: its ticket is resolved by itself when it succeeds or is cancelled"
        return Refusal("not_ended", 409, detail, facts={"state": row.state})
    query = select(ticket.c.state).where(ticket.c.id == row.ticket)
    was_open = bool(transaction.connection.execute(query).scalar_one() == "open")
    if was_open:
        note = TicketNote(f"Resolved by {record.actor}: {record.why}", resolves=True)
        note_tickets(transaction, [(row.id, row.ticket, note)])
    return was_open
