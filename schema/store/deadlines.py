"""Deciding deadlines, under the same row as completion: told once, ticketed once (DESIGN idea 7, CO-5, CO-9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    SmallInteger,
    Update,
    and_,
    bindparam,
    or_,
    update,
)

from schema.calendar import jeopardy
from schema.command import rfc3339
from schema.ids import public_id
from schema.store.counts import MISSED, Counted, count
from schema.store.dialect import rows
from schema.store.logged import warn_when_stored
from schema.store.moments import moment, stored
from schema.store.tickets import TicketNote, note_tickets
from schema.store.transaction import Line, Transaction, Written
from schema.tables import FAR, JEOPARDY, OPERATION, OVERDUE, UNTOLD, due, operation

DECIDE = {"id": BigInteger(), "told": SmallInteger()}
NEXT = {"id": BigInteger(), "decide_at": BigInteger()}


@dataclass(frozen=True, slots=True)
class TellJeopardy:
    """Say that an operation has used 80 % of its time; answered False where that was said or it has ended."""

    operation: int

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["TellJeopardy"]) -> list[bool]:
        """Tell of each that is still in time; the next thing to decide is its deadline."""
        told = _tell(transaction, [record.operation for record in records], JEOPARDY)
        nexts = [(key, row.deadline_at + 1) for key, row in told.items()]
        if nexts:
            transaction.run(_set_next(transaction.dialect), NEXT, nexts)
        return [record.operation in told for record in records]


@dataclass(frozen=True, slots=True)
class MissDeadline:
    """Decide that an operation has missed its deadline, with the ticket that says so; False where it is decided."""

    operation: int
    note: TicketNote

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["MissDeadline"]) -> list[bool]:
        """Miss each deadline that has passed, exactly once."""
        notes = {record.operation: record.note for record in records}
        told = _tell(transaction, list(notes), OVERDUE)
        count(transaction, [Counted(row.product, row.verb, MISSED) for row in told.values()])
        for key, row in told.items():
            named = {"operation": public_id("op", key), "product": row.product, "verb": row.verb}
            deadline = rfc3339(moment(row.deadline_at))
            warn_when_stored(transaction, "deadline_missed", **named, deadline=deadline)
        note_tickets(transaction, [(key, row.ticket, notes[key]) for key, row in told.items()])
        if told:
            transaction.run(_set_next(transaction.dialect), NEXT, [(key, FAR) for key in told])
        return [record.operation in told for record in records]


@dataclass(frozen=True, slots=True)
class NewDeadline:
    """Another deadline for the operation of a verb that is under way on a service: a later one, or now (ML-4, ML-5)."""

    service: int
    verb: str
    at: datetime
    why: str


def set_deadlines(transaction: Transaction, wanted: Iterable[NewDeadline]) -> None:
    """Move deadlines that nothing is decided about yet; a record that comes late moves none nearer, but to now."""
    for each in wanted:  # people ask for what moves a deadline, so they are few
        mine = (operation.c.service_id == each.service) & (operation.c.verb == each.verb)
        if stored(each.at) > transaction.now:
            mine &= operation.c.deadline_at < stored(each.at)
        _move(transaction, mine, each.at, ("worker", each.why))


def move_deadline(transaction: Transaction, key: int, to: datetime, said: tuple[str, str]) -> None:
    """Give an operation another deadline, as this transaction wants it: by whom, and why (CP-6, CP-8)."""
    _move(transaction, operation.c.id == key, to, said)


def _move(
    transaction: Transaction, mine: ColumnElement[bool], to: datetime, said: tuple[str, str]
) -> None:
    """Move the deadlines of what is under way and in time; jeopardy counts from now."""
    now, (who, why) = transaction.now, said
    until = max(now, stored(to))
    warned = stored(jeopardy(moment(now), moment(until)))
    values = {
        "deadline_at": until,
        "jeopardy_at": warned,
        "told": UNTOLD,
        "number": operation.c.number + 1,
    }
    is_in_time = (operation.c.told < OVERDUE) & (operation.c.deadline_at >= now)
    is_open = operation.c.ended_at.is_(None) & (operation.c.state != "accepted")
    moved = update(operation).where(mine, is_open, is_in_time, operation.c.deadline_at != until)
    moved = moved.values(values)
    columns = (operation.c[name] for name in ("id", "number", "sequence"))
    found = transaction.connection.execute(moved.returning(*columns)).all()
    line = Line("deadline_moved", who, f"to {rfc3339(moment(until))}: {why}")
    transaction.write_history(
        Written(OPERATION, row.id, row.number, row.sequence, (line,)) for row in found
    )
    if found:
        nexts = [(row.id, warned if warned < until else until + 1) for row in found]
        transaction.run(_set_next(transaction.dialect), NEXT, nexts)


JEOPARDY_LINE = Line(
    "jeopardy", "waker", "80 % of the time until the deadline has passed", event="jeopardy"
)
OVERDUE_LINE = Line("overdue", "waker", "the deadline was missed", event="overdue")


def _tell(transaction: Transaction, operations: Sequence[int], told: int) -> dict[int, Row[Any]]:
    """Raise what operations have been told, where it is time and not done; write the line."""
    line = OVERDUE_LINE if told == OVERDUE else JEOPARDY_LINE
    found = transaction.run(
        _raise(transaction.dialect), DECIDE, [(key, told) for key in sorted(operations)]
    )
    transaction.write_history(
        Written(OPERATION, row.id, row.number, row.sequence, (line,)) for row in found
    )
    return {row.id: row for row in found}


@cache
def _raise(dialect: str) -> Update:
    """Return the statement that decides, once, about operations that have not ended."""
    given = rows(dialect, DECIDE)
    now = bindparam("now", type_=BigInteger())
    is_time = or_(
        and_(
            given.c.told == JEOPARDY, operation.c.jeopardy_at <= now, operation.c.deadline_at >= now
        ),
        and_(given.c.told == OVERDUE, operation.c.deadline_at < now),
    )
    values = {
        "told": given.c.told,
        "number": operation.c.number + 1,
        "sequence": operation.c.sequence + 1,
    }
    open_ = and_(
        operation.c.id == given.c.id,
        operation.c.told < given.c.told,
        operation.c.ended_at.is_(None),
    )
    columns = (
        operation.c.id,
        operation.c.number,
        operation.c.sequence,
        operation.c.ticket,
        operation.c.deadline_at,
        operation.c.product,
        operation.c.verb,
    )
    return update(operation).values(values).where(open_, is_time).returning(*columns)


@cache
def _set_next(dialect: str) -> Update:
    """Return the statement that sets when operations are decided about next."""
    given = rows(dialect, NEXT)
    return update(due).values(decide_at=given.c.decide_at).where(due.c.operation_id == given.c.id)
