"""Tickets: who gets them, how severe they are, and what they say (CO-5, CO-12)."""

from dataclasses import dataclass
from datetime import datetime

from schema.command import rfc3339
from schema.ids import public_id
from schema.lifecycle import Product
from schema.store.tickets import TicketNote, TicketText
from schema.store.waking import Late
from workers.progress import CANCELLED, Progress

#: An operation that ends for one of these needs nobody to look into it (CO-5).
WITHOUT_TICKET = frozenset({"state_changed", "rejected", CANCELLED})


@dataclass(frozen=True, slots=True)
class Case:
    """What a ticket has to say about an operation."""

    operation: str
    product: str
    verb: str
    service: str
    step: str | None
    attempts: int
    reason: str | None
    deadline_at: datetime


def missed(late: Late, product: Product) -> TicketNote:
    """Return the ticket of a missed deadline; the operation goes on being driven."""
    name = public_id("op", late.operation)
    service = f"{late.customer}/{late.reference}"
    named = (name, late.product, late.verb, service, late.step)
    return _missed(Case(*named, late.attempt, late.reason, late.deadline_at), product)


def missed_by(progress: Progress, product: Product) -> TicketNote:
    """Return the same ticket, where a worker is the first to see that the deadline has passed."""
    return _missed(_case(progress, progress.reason), product)


def parked(progress: Progress, why: str, product: Product) -> TicketNote:
    """Return the ticket of an operation that needs a person."""
    case = _case(progress, why)
    title = f"{product.title} {case.service}: {case.verb} needs a person"
    todo = f"Mend the cause, then continue it: turnup retry {case.operation}"
    text = TicketText(product.desk, "high", title, _body(case, todo))
    return TicketNote(f"Parked at {case.step}: {why}.", text, severity="high")


def ended(progress: Progress, state: str, product: Product) -> TicketNote:
    """Return what an end says to the ticket: resolved by a late finish or a cancel, more severe by a failure."""
    if state != "failed":
        what = "Finished late" if state == "succeeded" else "Cancelled"
        return TicketNote(f"{what} at {rfc3339(progress.now)}.", resolves=True)
    case = _case(progress, progress.undoing)
    comment = f"Failed for good: {case.reason}."
    if case.reason in WITHOUT_TICKET:
        return TicketNote(comment)
    title = f"{product.title} {case.service}: {case.verb} failed"
    text = TicketText(
        product.desk,
        "high",
        title,
        _body(case, "What could be undone was undone. Ask the customer to order it again."),
    )
    return TicketNote(comment, text, severity="high")


def _missed(case: Case, product: Product) -> TicketNote:
    """Return the ticket of a missed deadline."""
    title = f"{product.title} {case.service}: {case.verb} is late"
    todo = "Turnup goes on trying; the ticket resolves itself when that succeeds. See what holds it up."
    text = TicketText(product.desk, "normal", title, _body(case, todo))
    return TicketNote(f"The deadline {rfc3339(case.deadline_at)} was missed.", text)


def _case(progress: Progress, why: str | None) -> Case:
    """Return what a ticket says about an operation in a worker's hands."""
    claimed = progress.claimed
    service = f"{claimed.customer}/{claimed.reference}"
    named = (progress.name, claimed.product, claimed.verb, service, progress.step.name)
    return Case(*named, progress.attempt, why, claimed.deadline_at)


def _body(case: Case, todo: str) -> str:
    """Return the text of a ticket: what, where it stands, what was tried, what to do."""
    lines = (
        f"Operation: {case.operation} ({case.product} {case.verb})",
        f"Service:   {case.service}",
        f"Deadline:  {rfc3339(case.deadline_at)}",
        f"Step:      {case.step or 'not begun'}, failed tries: {case.attempts}",
        f"Reason:    {case.reason or 'none given'}",
        "",
        todo,
        f"History:   turnup show {case.operation}",
    )
    return "\n".join(lines)
