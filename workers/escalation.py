"""Tickets: who gets them, how severe they are, and what they say (CO-5, CO-12)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from schema.command import rfc3339
from schema.ids import public_id
from schema.lifecycle import NEW, Cell, Product
from schema.masking import masked
from schema.store.deliveries import MAIL, Parcel
from schema.store.tickets import TicketNote, TicketText
from schema.store.visiting import Visit
from schema.store.waking import Late
from workers.progress import CANCELLED, Progress

#: An operation that ends for one of these needs nobody to look into it (CO-5).
WITHOUT_TICKET = frozenset({"state_changed", "rejected", "expired", CANCELLED})


#: What a person can do in each kind of case, for somebody at night who does not know Turnup.
LATE = """\
- Turnup goes on by itself, at least every 5 minutes; this ticket is resolved once it succeeds.
- Mend what the reason names, on the platform; nothing has to be started again."""
UNWANTED = "\n- If it is no longer wanted: turnup cancel {0}"
WAITS = """\
- Nothing has failed: it goes on waiting, and this ticket is resolved once it succeeds.
- These commands may be sent for the service meanwhile, where they help:
{2}"""
WAITS_ALONE = """\
- It goes on waiting for what the reason names, and this ticket is resolved once that comes.
- No command is taken for the service meanwhile."""
NOT_BEGUN = """\
- Does an operation before it still work on the service? turnup show {1}
- Is there a worker that takes it? turnup doctor
- Turnup begins by itself when it can; this ticket is resolved once it succeeds."""
PARKED = """\
- Turnup has stopped here, and does nothing more until it is told to.
- Mend what the reason names, on the platform; a fault of the step itself is for the developers,
  and the worker's log says more about {0}.
- Then continue it: turnup retry {0}"""
GIVEN_UP = "\n- Or give it up: turnup cancel {0}"
FAILED = """\
- It is over and cannot be continued; what it had done was undone as far as possible.
- Mend what the reason names, with those who run the platform.
- Then have the command sent again under a new id{1}, and tell the customer, who is waiting.
- When all is done: turnup resolve {0} --why TEXT"""
ANEW = " and for a new reference, for this one is never used again"

UNDELIVERED = """\
- This message is not sent again; whoever it is for does not know what it says.
- Mend the address or number, in the customer's record or where the command came from.
- Tell him by another way, or have it sent again where the product can do that: turnup products"""

DIFFERS = """\
- Nobody has asked Turnup for it: ask those who run the platform who changed it, and why.
- Bring it back there; or send the command that makes it so here.
- Turnup looks again by itself; this ticket is resolved once both agree."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a ticket has to say about an operation; `step` is None before it begins, and after its end.

    `lets` names the verbs that its service takes while it waits.
    """

    operation: str
    product: str
    verb: str
    service: str
    step: str | None
    attempts: int
    reason: str | None
    accepted_at: datetime
    deadline_at: datetime
    can_cancel: bool
    lets: tuple[str, ...]


def missed(late: Late, product: Product) -> TicketNote:
    """Return the ticket of a missed deadline; the operation goes on being driven."""
    name = public_id("op", late.operation)
    service = f"{late.customer}/{late.reference}"
    named = (name, late.product, late.verb, service, late.step)
    times = (late.accepted_at, late.deadline_at)
    goes_back = not late.is_final and (
        late.state == "accepted" or _goes_back(product, late.verb, late.service_state)
    )
    lets = _lets(product, late.verb, late.service_state)
    return _missed(Case(*named, late.attempt, late.reason, *times, goes_back, lets), product)


def missed_by(progress: Progress, product: Product) -> TicketNote:
    """Return the same ticket, where a worker is the first to see that the deadline has passed."""
    return _missed(_case(progress, progress.reason, product), product)


def parked(progress: Progress, why: str, product: Product) -> TicketNote:
    """Return the ticket of an operation that needs a person."""
    case = _case(progress, why, product)
    advice = (PARKED + GIVEN_UP * case.can_cancel).format(case.operation)
    is_undone = bool(progress.undoing or progress.cancel)
    what = f"undoing {case.verb}" if is_undone else case.verb
    title = f"{product.title} {case.service}: {what} needs a person"
    text = TicketText(product.desk, "high", title, _body(case, advice), advice)
    stopped = "Parked while it is undone," if is_undone else "Parked"
    return TicketNote(f"{stopped} at {case.step}: {why}.\n{advice}", text, severity="high")


def found(why: str) -> TicketNote:
    """Return what is said to a ticket, where there is one, once the platform has the service somewhere else (BU-4)."""
    return TicketNote(f"The platform says: {why}.")


def ended(progress: Progress, state: str, product: Product) -> TicketNote:
    """Return what an end says to the ticket: resolved by a late finish, a cancel or an expiry, worse by a failure."""
    if state != "failed":
        is_late = progress.now > progress.deadline_at
        done = "Finished late" if is_late else "Finished in time"
        what = done if state == "succeeded" else "Cancelled"
        return TicketNote(f"{what} at {rfc3339(progress.now)}.", resolves=True)
    case = replace(_case(progress, progress.undoing, product), step=None)
    comment = f"Failed for good: {case.reason}."
    if case.reason in WITHOUT_TICKET:
        return TicketNote(comment, resolves=case.reason == "expired")
    title = f"{product.title} {case.service}: {case.verb} failed"
    advice = FAILED.format(case.operation, ANEW if progress.claimed.before == NEW else "")
    text = TicketText(product.desk, "high", title, _body(case, advice), advice)
    return TicketNote(f"{comment}\n{advice}", text, severity="high")


def undelivered(mail: Parcel, why: str, product: Product) -> TicketNote:
    """Return what is said of a mail that is given up; to whom it was is told without the whole address."""
    service = f"{mail.customer}/{mail.reference}"
    name = public_id("op", mail.operation)
    what = "mail" if mail.channel == MAIL else "message"
    lines = (
        f"Operation:  {name} ({product.name})",
        f"Service:    {service}",
        f"{what.capitalize() + ':':<11} {mail.template} to {masked(mail.recipient)}, {mail.tries} tries",
        f"Reason:     {why}",
        f"History:    turnup show {name}",
        "",
        UNDELIVERED,
    )
    title = f"{product.title} {service}: a {what} was not delivered"
    text = TicketText(product.desk, "normal", title, "\n".join(lines), UNDELIVERED)
    comment = f"The {what} {mail.template} to {masked(mail.recipient)} was given up: {why}."
    return TicketNote(f"{comment}\n{UNDELIVERED}", text)


def differs(visit: Visit, found: str, product: Product) -> TicketText:
    """Return the ticket of a service that its platform has otherwise than we, by nobody's command (CO-14)."""
    service = f"{visit.customer}/{visit.reference}"
    lines = (
        f"Service:    {service} ({product.name})",
        f"Here:       {visit.state}",
        f"Platform:   {found}",
        f"History:    turnup show {service}",
        "",
        DIFFERS,
    )
    title = f"{product.title} {service}: its platform has it otherwise"
    return TicketText(product.desk, "normal", title, "\n".join(lines), DIFFERS)


def _missed(case: Case, product: Product) -> TicketNote:
    """Return the ticket of a missed deadline."""
    title = f"{product.title} {case.service}: {case.verb} is late"
    advice = _going_on(case, product) + UNWANTED * case.can_cancel
    advice = advice.format(case.operation, case.service, _told(product, case.lets))
    severity = product.verbs[case.verb].severity
    text = TicketText(product.desk, severity, title, _body(case, advice), advice)
    return TicketNote(f"The deadline {rfc3339(case.deadline_at)} was missed.", text)


def _going_on(case: Case, product: Product) -> str:
    """Return how what is late goes on; what waits and has not failed may be helped by what it lets through."""
    if case.step is None:
        return NOT_BEGUN
    if not product.verbs[case.verb].through or not case.reason or case.attempts:
        return LATE
    return WAITS if case.lets else WAITS_ALONE


def _lets(product: Product, verb: str, state: str) -> tuple[str, ...]:
    """Return what a waiting verb lets through, as far as the table allows it."""
    let = product.verbs[verb].through
    return tuple(name for name in product.allowed(state) if name in let)


def _told(product: Product, verbs: Iterable[str]) -> str:
    """Return verbs, each with what it does."""
    told = ((name, product.verbs[name].command.__doc__ or "") for name in verbs)
    return "\n".join(f"  {name}: {''.join(says.splitlines()[:1])}" for name, says in told)


def _goes_back(product: Product, verb: str, state: str) -> bool:
    """Return whether the table lets an operation that has begun be cancelled (CO-3)."""
    return product.verbs[verb].confirmable or product.cancelling(verb, state) is Cell.YES


def _case(progress: Progress, why: str | None, product: Product) -> Case:
    """Return what a ticket says about an operation in a worker's hands."""
    claimed = progress.claimed
    service = f"{claimed.customer}/{claimed.reference}"
    named = (progress.name, claimed.product, claimed.verb, service, progress.step.name)
    is_final = claimed.past_return or bool(progress.undoing or progress.cancel)
    is_final = is_final or progress.is_past_return(progress.step.name)
    goes_back = not is_final and _goes_back(product, claimed.verb, claimed.service_state)
    times = (claimed.accepted_at, progress.deadline_at)
    lets = _lets(product, claimed.verb, claimed.service_state)
    return Case(*named, progress.attempt, why, *times, goes_back, lets)


def _body(case: Case, advice: str) -> str:
    """Return the text of a ticket: what, for whom, since when, where it stands, what was tried, what to do."""
    tried = f" after {case.attempts} failed tries in a row" if case.attempts else ""
    stands = [f"Step:       {case.step}{tried}"] if case.step else []
    lines = (
        f"Operation:  {case.operation} ({case.product} {case.verb})",
        f"Service:    {case.service}",
        f"Asked for:  {rfc3339(case.accepted_at)}",
        f"Deadline:   {rfc3339(case.deadline_at)}",
        *stands,
        f"Reason:     {case.reason or 'none is known'}",
        f"History:    turnup show {case.operation}",
        "",
        advice,
    )
    return "\n".join(lines)
