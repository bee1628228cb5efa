"""Cancelling: at once what has not begun, else by asking the worker, where the product's table lets it go back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, select

from schema.command import rfc3339
from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import DELETED, NEW, Cell
from schema.store.asked import change_operation, held_operation
from schema.store.counts import Counted, count
from schema.store.dialect import locked
from schema.store.moments import moment
from schema.store.order import Accepted
from schema.store.services import ServiceChange, change_services
from schema.store.taking import settle
from schema.store.tickets import TicketNote, note_tickets
from schema.store.transaction import Line, Transaction
from schema.store.waits import wake_now
from schema.tables import OVERDUE, due, service

#: What a ticket that advised to cancel says once somebody has: nothing is left to be asked for.
GOES_BACK = (
    "Cancelled by {0}: what was done is being undone, and after that this ticket is resolved."
)


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel an operation; answered with it (due where a worker has to undo it), or with why it cannot be.

    `why` becomes the reason of its end.
    """

    operation: int
    actor: str
    why: str | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Cancel"]) -> list[Accepted | Refusal]:
        """Decide about each in turn; people cancel, so they are few."""
        return [_cancel(transaction, record) for record in records]


def _cancel(transaction: Transaction, record: Cancel) -> Accepted | Refusal:
    """Cancel one operation, whose row and service nobody else can change meanwhile."""
    found = held_operation(transaction, record.operation)
    if isinstance(found, Refusal):
        return found
    if found.state == "cancelled" or (found.cancel is not None and found.ended_at is None):
        return Accepted(found.id, found.product, is_repeat=True)
    if refusal := _has_ended(found) or _not_known(transaction, found):
        return refusal
    owner = transaction.connection.execute(
        held_service(transaction.dialect), {"id": found.service_id}
    ).one()
    if has_surely_not_begun(transaction, found):
        return end_unbegun(transaction, record, found, owner)
    has_acted = found.state != "accepted" or found.past_return
    if has_acted and (refusal := _refusal(transaction, found, owner.state)):
        return refusal
    return ask_back(transaction, record, found)


def has_surely_not_begun(transaction: Transaction, found: Row[Any]) -> bool:
    """Return whether nothing is to be undone: it was not begun, nor may it have been since a backup (`restoring`).

    One whose deadline has passed and nobody has decided about goes through a worker too: its ticket must not be lost
    (I6).
    """
    is_undecided = found.told < OVERDUE and found.deadline_at < transaction.now
    return found.state == "accepted" and not found.restored and not is_undecided


def end_unbegun(
    transaction: Transaction, record: Cancel, found: Row[Any], owner: Row[Any]
) -> Accepted:
    """End an operation that has not begun: nothing was done on a platform."""
    why = record.why or "before it began"
    change_operation(
        transaction,
        found,
        Line("cancelled", record.actor, why, "accepted", "cancelled", event="cancelled"),
        {
            "state": "cancelled",
            "outcome": "cancelled",
            "ended_at": transaction.now,
            "cancel": record.actor,
            "cancel_reason": record.why,
            "reason": record.why,
            "owner": None,
            "epoch": found.epoch + 1,
            "in_line": False,
        },
    )
    count(transaction, [Counted(found.product, found.verb, "cancelled", "cancelled")])
    transaction.connection.execute(delete(due).where(due.c.operation_id == found.id))
    move = None
    if owner.state == NEW:
        move = Line("moved", record.actor, "never_active", NEW, DELETED, event="service_changed")
    if move or owner.holder == found.id:
        change_services(
            transaction, [ServiceChange(found.service_id, found.id, move, releases=True)]
        )
    settle(transaction, [("cancelled", found.service_id, found)])
    comment = f"Cancelled at {rfc3339(moment(transaction.now))}."
    note_tickets(transaction, [(found.id, found.ticket, TicketNote(comment, resolves=True))])
    return Accepted(found.id, found.product)


def ask_back(transaction: Transaction, record: Cancel, found: Row[Any]) -> Accepted:
    """Tell whoever works on it: its counter of signals rises, so that a wait recorded meanwhile is due at once."""
    line = Line("cancel_asked", record.actor, record.why, found.state, found.state)
    asked = {"cancel": record.actor, "cancel_reason": record.why, "signals": found.signals + 1}
    change_operation(transaction, found, line, asked)
    note_tickets(
        transaction, [(found.id, found.ticket, TicketNote(GOES_BACK.format(record.actor)))]
    )
    if not found.in_line:
        wake_now(transaction, [found.id])
    return Accepted(found.id, found.product, is_due=found.owner is None and not found.in_line)


def _has_ended(found: Row[Any]) -> Refusal | None:
    """Return the refusal for an operation that is over."""
    if found.ended_at is None:
        return None
    name = public_id("op", found.id)
    return Refusal(
        "nothing_to_cancel", 409, f"{name} has ended: {found.state}", facts={"operation": name}
    )


def _not_known(transaction: Transaction, found: Row[Any]) -> Refusal | None:
    """Return the refusal for an operation that a newer version has taken: only that can undo it (I11)."""
    product = transaction.products.get(found.product)
    if product and found.verb in product.verbs:
        return None
    name = public_id("op", found.id)
    detail = (
        f"{name} carries out {found.verb} of {found.product}, which this version does not know; "
        "cancel it with the newer one"
    )
    return Refusal("verb_not_supported", 409, detail, facts={"operation": name})


def _refusal(transaction: Transaction, found: Row[Any], state: str) -> Refusal | None:
    """Return why an operation that has begun cannot go back, or None where it can (CO-3)."""
    product = transaction.products[found.product]
    cell = product.cancelling(found.verb, state)
    if product.verbs[
        found.verb
    ].confirmable:  # it leaves its service as it is until it is confirmed
        cell = Cell.YES
    reason = "state_not_allowed"
    if found.undoing is not None:
        reason, detail = "nothing_to_cancel", f"{found.verb} has failed and is being undone already"
    elif cell is Cell.NOTHING_TO_CANCEL:
        reason, detail = (
            "nothing_to_cancel",
            f"nothing can be cancelled while the service is {state}",
        )
    elif cell is not Cell.YES:
        detail = f"{found.verb} cannot be cancelled while the service is {state}; it is carried to its end"
    elif found.past_return:
        detail = f"{found.verb} is past its point of no return; it is carried to its end"
    else:
        return None
    name = public_id("op", found.id)
    facts = {"state": state, "allowed": list(product.allowed(state)), "operation": name}
    return Refusal(reason, 409, detail, facts=facts)


@cache
def held_service(dialect: str) -> Select[Any]:
    """Return the query that holds a service's row; it is asked second, so that it sees who just began."""
    query = select(service.c.state, service.c.holder).where(service.c.id == bindparam("id"))
    return locked(dialect, query, service, skip=False)
