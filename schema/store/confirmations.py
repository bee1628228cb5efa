"""Confirmation codes: how far each is; what it says is derived where it is needed, and stored nowhere (CP-5, CP-6)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, select, update

from schema.calendar import deadline, local_day
from schema.command import rfc3339
from schema.customer import Customer
from schema.errors import Refusal
from schema.ids import public_id
from schema.store.asked import change_operation, held_operation
from schema.store.cancels import Cancel, ask_back
from schema.store.deadlines import move_deadline
from schema.store.moments import moment, stored
from schema.store.order import Accepted
from schema.store.signals import OwnSignal, tell_operations
from schema.store.transaction import Line, Transaction
from schema.tables import FAR, confirmation, delivery

#: How long a code is valid from the moment at which a mail server accepted the last copy.
VALID = timedelta(hours=1)

#: An expired code ends its operation without a ticket, so its deadline lies beyond that by so much.
AFTER_EXPIRY = timedelta(minutes=15)

#: The wrong code that kills the right one.
MOST_WRONG = 5

#: Codes of a service on one day, by the customer's calendar.
MOST_A_DAY = 5

#: Earlier codes of a service that are still recognised.
RECOGNISED = 20

#: What a step finds among its signals once the code has come.
CONFIRMED = "confirmed"

#: What the door found a code to be, which the store never sees.
Verdict = Literal["right", "wrong", "older"]

#: Why a deadline moves: a code works from its mail, and the work has its time from the confirmation.
MAILED = "the code was mailed, and works until shortly before"
WAS_CONFIRMED = "the code was right, and the work itself begins"


@dataclass(frozen=True, slots=True)
class Confirm:
    """Confirm a cycle of an operation, or count a wrong code; answered `Accepted`, or why not."""

    operation: int
    cycle: int
    verdict: Verdict
    actor: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Confirm"]) -> list[Accepted | Refusal]:
        """Decide about each in turn; people type them."""
        return [_confirm(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class CodePlace:
    """What a code is derived from."""

    operation: int
    cycle: int


def code_places(connection: Connection, operation: int) -> list[CodePlace]:
    """Return from what an operation's code is derived, then the same of the service's other codes, newest first."""
    service_id = select(confirmation.c.service_id).where(confirmation.c.operation_id == operation)
    query = select(confirmation.c.operation_id, confirmation.c.cycle)
    query = query.where(confirmation.c.service_id == service_id.scalar_subquery())
    query = query.order_by(confirmation.c.operation_id.desc()).limit(RECOGNISED)
    rows = sorted(connection.execute(query).all(), key=lambda row: row.operation_id != operation)
    return [
        CodePlace(row.operation_id, cycle) for row in rows for cycle in range(row.cycle, -1, -1)
    ]


def refuse_code(
    transaction: Transaction, service_id: int, at: int, begun: Collection[int], owner: Customer
) -> Refusal | None:
    """Return why a service gets no code at a time, or None; `begun` are the times of those of this transaction."""
    if not owner.admins:
        return Refusal("no_admin", 409, "the customer has no Admin who could get the code")
    today, tomorrow = local_day(moment(at), owner.calendar)
    begins, ends = stored(today), stored(tomorrow)
    query = select(func.coalesce(func.sum(confirmation.c.cycle + 1), 0))
    made = confirmation.c.made_at
    query = query.where(confirmation.c.service_id == service_id, made >= begins, made < ends)
    known = int(transaction.connection.execute(query).scalar_one())
    if known + sum(begins <= each < ends for each in begun) < MOST_A_DAY:
        return None
    again = rfc3339(tomorrow)
    detail = f"a service gets at most {MOST_A_DAY} confirmation codes a day; the next from {again}"
    return Refusal("too_many_codes", 429, detail, facts={"again_at": again})


def add_codes(transaction: Transaction, opened: Iterable[tuple[int, int, int]]) -> None:
    """Begin a code for each (operation, service, start); its clock stands until a copy was mailed."""
    names = ("operation_id", "service_id", "cycle", "wrong", "state", "made_at")
    values = [(key, service_id, 0, 0, "open", starts_at) for key, service_id, starts_at in opened]
    transaction.add(confirmation, names, values)


def renew_code(transaction: Transaction, operation: int, cycle: int) -> None:
    """Begin a new code with a new cycle of its operation, unless the operation is confirmed."""
    mine = (confirmation.c.operation_id == operation) & (confirmation.c.state == "open")
    renewed = update(confirmation).where(mine)
    transaction.connection.execute(renewed.values(cycle=cycle, wrong=0))


def count_from_mail(transaction: Transaction, operations: Iterable[int]) -> None:
    """Give operations of which a mail was accepted just now the time that their codes have from it (CP-6)."""
    mine = confirmation.c.operation_id.in_(sorted(set(operations)))
    query = select(confirmation.c.operation_id, confirmation.c.cycle)
    query = query.where(mine, confirmation.c.state == "open").order_by(confirmation.c.operation_id)
    for row in transaction.connection.execute(query).all():  # few operations mail a code
        if expires_at := _expires_at(transaction, row.operation_id, row.cycle):
            until = moment(expires_at) + AFTER_EXPIRY
            move_deadline(transaction, row.operation_id, until, ("worker", MAILED))


def _confirm(transaction: Transaction, record: Confirm) -> Accepted | Refusal:
    """Decide about one code."""
    found = held_operation(transaction, record.operation)
    if isinstance(found, Refusal):
        return found
    query = select(confirmation).where(confirmation.c.operation_id == record.operation)
    code = transaction.connection.execute(query).one_or_none()
    if code is None:
        detail = f"{public_id('op', found.id)} waits for no confirmation code"
        return Refusal("nothing_to_confirm", 409, detail)
    if refusal := _refusal(transaction, record, found, code):
        return refusal
    if record.verdict == "wrong":
        return _wrong(transaction, record, found, code.wrong + 1)
    _set(transaction, found.id, state="used", confirmed_at=transaction.now)
    change_operation(transaction, found, Line(CONFIRMED, record.actor), {"past_return": True})
    if promise := transaction.products[found.product].verbs[found.verb].confirmed:
        until = deadline(moment(transaction.now), promise.limit, promise.calendar)
        move_deadline(transaction, found.id, until, (record.actor, WAS_CONFIRMED))
    told = OwnSignal(found.id, found.product, CONFIRMED, f"{CONFIRMED}:{found.id}:{code.cycle}")
    tell_operations(transaction, [told])
    return Accepted(found.id, found.product, is_due=found.owner is None and not found.in_line)


def _refusal(
    transaction: Transaction, record: Confirm, found: Row[Any], code: Row[Any]
) -> Refusal | None:
    """Return why not even the right code confirms this operation now, or None; nothing is counted then."""
    name, is_over = public_id("op", found.id), found.ended_at is not None
    expires_at = _expires_at(transaction, found.id, code.cycle)
    is_older = record.verdict == "older" or code.cycle != record.cycle
    is_replaced = "superseded" in {found.reason, found.cancel_reason}
    is_ending = is_over or found.cancel is not None or found.undoing is not None
    used = f"{name} was confirmed at {_told(code.confirmed_at)}; a code works once"
    expired = f"the code expired at {_told(expires_at)}; ask for {found.verb} again"
    ending = f"{name} is {found.state if is_over else 'being undone'}; there is nothing to confirm"
    cases = (
        (code.state == "used", "code_used", used),
        (code.state == "dead", "too_many_wrong_codes", f"{MOST_WRONG} wrong ones killed the code"),
        (is_older or is_replaced, "code_older", "only the newest code counts"),
        (transaction.now >= (expires_at or FAR), "code_expired", expired),
        (is_ending, "nothing_to_confirm", ending),
        (expires_at is None, "code_not_sent", f"no copy of {name}'s code was mailed yet"),
    )
    return next((Refusal(why, 409, detail) for holds, why, detail in cases if holds), None)


def _expires_at(transaction: Transaction, operation: int, cycle: int) -> int | None:
    """Return until when a code is valid; None while no copy of it was accepted by a mail server."""
    query = select(delivery.c.cause, delivery.c.sent_at).where(
        delivery.c.operation_id == operation, delivery.c.sent_at.is_not(None)
    )
    accepted = [
        row.sent_at
        for row in transaction.connection.execute(query)
        if [part.partition("@")[0] for part in row.cause.split(":")[2:3]] == [str(cycle)]
    ]
    return stored(moment(max(accepted)) + VALID) if accepted else None


def _told(at: int | None) -> str:
    """Return a moment as a refusal says it."""
    return rfc3339(moment(at)) if at is not None else "no time"


def _wrong(
    transaction: Transaction, record: Confirm, found: Row[Any], wrong: int
) -> Accepted | Refusal:
    """Count a wrong code; the last one kills the right one and ends the operation."""
    left = MOST_WRONG - wrong
    line = Line("wrong_code", record.actor, f"{left} more may be tried")
    _set(transaction, found.id, wrong=wrong, state="open" if left else "dead")
    change_operation(transaction, found, line, {})
    if left:
        detail = f"the code is wrong; {left} more may be tried"
        return Refusal("wrong_code", 422, detail, facts={"tries_left": left})
    again = held_operation(transaction, found.id)
    if not isinstance(again, Refusal):
        ask_back(transaction, Cancel(found.id, record.actor, "too_many_wrong_codes"), again)
    detail = f"the code is wrong, the {MOST_WRONG}th time; {found.verb} has ended, ask for it again"
    return Refusal("too_many_wrong_codes", 409, detail, facts={"tries_left": 0})


def _set(transaction: Transaction, operation: int, **values: Any) -> None:  # noqa: ANN401  columns
    """Change what is known of a code."""
    changed = update(confirmation).where(confirmation.c.operation_id == operation)
    transaction.connection.execute(changed.values(**values))
