"""The journal: what became of a step. The record that ends a step begins the next one, in the same write.

Every write names owner, epoch and turn; one that finds no row is lost, and nothing of it is stored. A record that is
stored twice, because the answer to the first commit was lost, is found by its turn.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Delete,
    Integer,
    Row,
    Text,
    Update,
    and_,
    bindparam,
    case,
    delete,
    not_,
    or_,
    select,
    update,
)

from schema.store.counts import RETRIED, Counted, count
from schema.store.deadlines import NewDeadline, set_deadlines
from schema.store.dialect import ID, Columns, is_given, rows
from schema.store.moments import Pause, moment, stored, stored_or_far
from schema.store.notices import NoticeNote, note_notices
from schema.store.owner_turns import let_turns_go
from schema.store.secrets import SecretNote, note_secrets
from schema.store.services import ServiceChange, change_services
from schema.store.signals import match_signals
from schema.store.taking import settle
from schema.store.tickets import TicketNote, note_tickets
from schema.store.transaction import Line, Transaction, Written, events_in
from schema.store.troubles import Trouble, note_troubles
from schema.store.waits import set_waits
from schema.tables import OPERATION, OVERDUE, due, operation


class Recorded(NamedTuple):
    """What became of one look at an operation.

    It `keeps` the operation with its owner (the next step begins), `ends` it, or lets it wait until `wake_at` (a time,
    a pause from now, or None: until a signal). `seen` is how many signals the look knew: a wait that has not seen the
    newest is due at once. From `past_return` on nobody can cancel it; where somebody has, it is not passed.
    A success is `on_time` here, and stored as `late` where the deadline was missed. `sets_deadline` gives the
    operation of a verb that is under way on the service a later deadline (ML-5). `retried` is why a step is run again.
    """

    operation: int
    owner: int
    epoch: int
    turn: int
    state: str
    step: str | None
    lines: tuple[Line, ...] = ()
    undoing: str | None = None
    past_return: bool = False
    tries: int = 0
    attempt: int = 0
    cycle: int = 0
    reason: str | None = None
    outcome: str | None = None
    keeps: bool = False
    ends: bool = False
    wake_at: datetime | Pause | None = None
    seen: int = 0
    service: ServiceChange | None = None
    ticket: TicketNote | None = None
    trouble: Trouble | None = None
    retried: str | None = None
    notices: tuple[NoticeNote, ...] = ()
    secrets: tuple[SecretNote, ...] = ()
    sets_deadline: NewDeadline | None = None

    @property
    def stops(self) -> bool:
        """Whether the operation acts no more for now: it ends, lets its service go, or needs a person."""
        lets_go = self.service is not None and self.service.releases
        return self.ends or lets_go or self.reason == "parked"

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Recorded"]) -> list["News | Lost"]:
        """Store all records whose operation is still theirs."""
        return _record(transaction, records)


class News(NamedTuple):
    """It was recorded; and this is what others have asked of the operation meanwhile."""

    cancel: str | None
    signals: int
    now: datetime
    cancel_reason: str | None = None


class Lost(Enum):
    """It was not recorded: somebody else has it, its deadline is to be decided first, or its success was cancelled."""

    TAKEN_OVER = "taken_over"
    UNDECIDED = "undecided"
    CANCELLED = "cancelled"


RECORD: Columns = {
    "id": BigInteger(),
    "owner": BigInteger(),
    "epoch": Integer(),
    "turn": Integer(),
    "state": Text(),
    "step": Text(),
    "undoing": Text(),
    "past_return": Boolean(),
    "tries": Integer(),
    "attempt": Integer(),
    "cycle": Integer(),
    "reason": Text(),
    "outcome": Text(),
    "ended_at": BigInteger(),
    "keeps": Boolean(),
    "lines": Integer(),
    "events": Integer(),
}

#: What a record that was stored tells of its operation.
TOLD = ("signals", "cancel", "cancel_reason")
BACK = ("id", "product", "verb", "before", "outcome", "number", "sequence", "ticket", *TOLD)

#: An operation's end that comes after a deadline nobody has decided about yet has to wait for that decision (I6).
_IS_UNDECIDED = and_(
    operation.c.told < OVERDUE, operation.c.deadline_at < bindparam("now", type_=BigInteger())
)

#: Whoever cancels is promised that it is undone: it does not succeed any more (CO-3).
_IS_CANCELLED = and_(operation.c.cancel.is_not(None), not_(operation.c.past_return))


def _record(transaction: Transaction, records: Sequence[Recorded]) -> list[News | Lost]:
    """Store a set of records, and say of each what came of it."""
    ordered = sorted(records, key=lambda record: record.operation)
    values = [_values(transaction, record) for record in ordered]
    found = {row.id: row for row in transaction.run(_write(transaction.dialect), RECORD, values)}
    both = [(each, found[each.operation]) for each in ordered if each.operation in found]
    done = [record for record, _ in both]
    transaction.write_history(
        Written(OPERATION, row.id, row.number, row.sequence, each.lines)
        for each, row in both
        if each.lines
    )
    _wishes(transaction, done)
    _set_due(transaction, [(record, found[record.operation].signals) for record in done])
    change_services(transaction, [record.service for record in done if record.service])
    match_signals(
        transaction,
        [record.service for record in done if record.service and record.service.platform_id],
    )
    note_tickets(transaction, [(r.operation, row.ticket, r.ticket) for r, row in both if r.ticket])
    settle(transaction, [(r.state, r.service.id, row) for r, row in both if r.ends and r.service])
    turns = {name for name, each in transaction.products.items() if each.turns}
    let_turns_go(transaction, [row.id for r, row in both if r.stops and row.product in turns])
    count(transaction, [one for each in both for one in _counted(*each)])
    now = moment(transaction.now)
    answers: dict[int, News | Lost] = {
        key: News(row.cancel, row.signals, now, row.cancel_reason) for key, row in found.items()
    }
    if missing := [record for record in records if record.operation not in found]:
        answers |= _lost(transaction, missing)
    return [answers[each.operation] for each in records]


def _wishes(transaction: Transaction, done: Sequence[Recorded]) -> None:
    """Store what looks asked for, and what troubled them."""
    note_troubles(transaction, [(each.operation, each.trouble) for each in done if each.trouble])
    set_deadlines(transaction, [each.sets_deadline for each in done if each.sets_deadline])
    note_notices(transaction, [(each.operation, note) for each in done for note in each.notices])
    note_secrets(transaction, [(each.operation, note) for each in done for note in each.secrets])


def _values(transaction: Transaction, record: Recorded) -> tuple[object, ...]:
    """Return a record as a row for the statement."""
    return (
        record.operation,
        record.owner,
        record.epoch,
        record.turn,
        record.state,
        record.step,
        record.undoing,
        record.past_return,
        record.tries,
        record.attempt,
        record.cycle,
        record.reason,
        record.outcome,
        transaction.now if record.ends else None,
        record.keeps,
        len(record.lines),
        events_in(record.lines),
    )


def _counted(record: Recorded, row: Row[Any]) -> Iterator[Counted]:
    """Yield what is counted of a record: an end, or a step that is to be run again."""
    if record.ends:
        yield Counted(row.product, row.verb, record.state, row.outcome or "")
    elif record.retried:
        yield Counted(row.product, row.verb, RETRIED, record.retried)


def _set_due(transaction: Transaction, done: Sequence[tuple[Recorded, int]]) -> None:
    """Delete the due rows of what ended, and set when the others are looked at again."""
    ended = [record.operation for record, _ in done if record.ends]
    if ended:
        transaction.run(_delete_due(transaction.dialect), ID, ((key,) for key in ended))
    waits = [
        _wait(transaction.now, record, is_told=signals > record.seen)
        for record, signals in done
        if not record.keeps and not record.ends
    ]
    set_waits(transaction, waits)


def _wait(now: int, record: Recorded, *, is_told: bool) -> tuple[int, int, int]:
    """Return when an operation is looked at again: at once where it is told something, but not before it settles."""
    wanted, settles_at = record.wake_at, 0
    if isinstance(wanted, Pause):
        settles_at = stored(moment(now) + wanted.least)
        wanted = wanted.after(moment(now))
    wake_at = max(now, settles_at) if is_told else stored_or_far(wanted)
    return (record.operation, wake_at, settles_at)


def _lost(transaction: Transaction, missing: Sequence[Recorded]) -> dict[int, News | Lost]:
    """Return why records found no row; one whose turn stands there already was done, and only its answer was lost."""
    columns = (operation.c[name] for name in ("id", "epoch", "turn", "past_return", *TOLD))
    query = select(*columns).where(operation.c.id.in_([record.operation for record in missing]))
    found = {row.id: row for row in transaction.connection.execute(query)}
    answers: dict[int, News | Lost] = {}
    for record in missing:
        row = found.get(record.operation)
        if row is None or row.epoch != record.epoch:
            answers[record.operation] = Lost.TAKEN_OVER
        elif row.turn >= record.turn:
            now = moment(transaction.now)
            answers[record.operation] = News(row.cancel, row.signals, now, row.cancel_reason)
        elif record.outcome == "on_time" and row.cancel and not row.past_return:
            answers[record.operation] = Lost.CANCELLED
        else:
            answers[record.operation] = Lost.UNDECIDED if record.ends else Lost.TAKEN_OVER
    return answers


@cache
def _delete_due(dialect: str) -> Delete:
    """Return the statement that deletes the due rows of operations."""
    return delete(due).where(is_given(dialect, due.c.operation_id))


@cache
def _write(dialect: str) -> Update:
    """Return the statement that records: only where owner, epoch and turn are still the record's."""
    given = rows(dialect, RECORD)
    values = {
        **{
            name: given.c[name]
            for name in ("turn", "state", "step", "undoing", "tries", "attempt", "cycle")
        },
        **{name: given.c[name] for name in ("reason", "ended_at")},
        "past_return": or_(
            operation.c.past_return, and_(given.c.past_return, operation.c.cancel.is_(None))
        ),
        "outcome": case(
            (and_(given.c.outcome == "on_time", operation.c.told == OVERDUE), "late"),
            else_=given.c.outcome,
        ),
        "owner": case((given.c.keeps, operation.c.owner), else_=None),
        "number": operation.c.number + given.c.lines,
        "sequence": operation.c.sequence + given.c.events,
    }
    mine = and_(
        operation.c.id == given.c.id,
        operation.c.owner == given.c.owner,
        operation.c.epoch == given.c.epoch,
        operation.c.turn == given.c.turn - 1,
        or_(given.c.ended_at.is_(None), not_(_IS_UNDECIDED)),
        or_(given.c.ended_at.is_(None), given.c.outcome != "on_time", not_(_IS_CANCELLED)),
    )
    return update(operation).values(values).where(mine).returning(*(operation.c[n] for n in BACK))
