"""Purging: operations that ended long ago leave the database, after they were written to an archive.

It walks by key, which follows the time of acceptance, a window at a time; nothing is deleted of what has changed
since it was read. Services stay, with their own history, and counts of all time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    select,
    union_all,
)

from schema.store.dialect import ID, is_given, locked, packed
from schema.store.moments import MILLISECOND, moment, stored
from schema.store.reads import all_tickets, find_operations, with_comments
from schema.store.showing import line_of
from schema.store.transaction import Transaction
from schema.tables import (
    OPERATION,
    SERVICE,
    command,
    comment,
    confirmation,
    delivery,
    history,
    operation,
    outbox,
    signal,
    ticket,
    trouble,
)
from schema.views import HistoryLine, Operation, Ticket

#: For so long after its end an operation is kept, for its command's key has to be known when that comes again: longer
#: than brokers, dead letters and whoever puts them back on the queue hold on to a command.
KEPT = timedelta(days=90)

#: Operations that are looked at, and at most deleted, in one transaction: a tenth of a second for everybody else.
WINDOW = 500


@dataclass(frozen=True, slots=True)
class Archived:
    """An operation as it is archived; of `data` the secrets are sealed."""

    operation: Operation
    event_id: str
    data: str
    history: tuple[HistoryLine, ...]
    ticket: Ticket | None


@dataclass(frozen=True, slots=True)
class Window:
    """The operations with keys after `after` and up to `last`, those of them that can go, and whether others follow."""

    last: int
    keys: tuple[int, ...]
    reached: datetime | None
    is_last: bool


@dataclass(frozen=True, slots=True)
class Purge:
    """Delete those of these operations that ended before a moment, and all that is theirs; answered with them."""

    operations: tuple[int, ...]
    before: datetime

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Purge"]) -> list[list[int]]:
        """Delete for each in turn."""
        return [_purge(transaction, record) for record in records]


def windows(connection: Connection, before: datetime) -> Iterator[Window]:
    """Yield one window after the other, each read when it is asked for, up to what was accepted at that moment."""
    after, is_over = 0, False
    while not is_over:
        found = _window(connection, before, after)
        yield found
        after, is_over = found.last, found.is_last


def archived(connection: Connection, keys: Sequence[int]) -> list[Archived]:
    """Return operations as they are archived, by key."""
    dialect, given = connection.dialect.name, {"rows": packed(ID, ((key,) for key in keys))}
    found = find_operations(connection, keys)
    lines: dict[int, list[HistoryLine]] = {}
    for row in connection.execute(_history(dialect), given):
        lines.setdefault(row.owner, []).append(line_of(row))
    asked_tickets = all_tickets().where(is_given(dialect, ticket.c.operation_id))
    raised = with_comments(connection, connection.execute(asked_tickets, given).all())
    tickets = {each.operation: each for each in raised}
    query = select(command.c.id, command.c.event_id, command.c.data)
    rows = connection.execute(query.where(is_given(dialect, command.c.id)), given)
    asked = {row.id: row for row in rows}
    return [
        Archived(
            found[key],
            asked[key].event_id,
            asked[key].data,
            tuple(lines[key]),
            tickets.get(found[key].id),
        )
        for key in sorted(found)
    ]


def _window(connection: Connection, before: datetime, after: int) -> Window:
    """Return the window that follows a key."""
    given = {"after": after, "before": stored(before), "most": WINDOW}
    rows = connection.execute(_walk(), given).all()
    keys = tuple(row.id for row in rows if row.can_go)
    if not rows:
        return Window(after, (), None, is_last=True)
    reached = moment(rows[-1].accepted_at)
    return Window(rows[-1].id, keys, reached, is_last=len(rows) < WINDOW or reached >= before)


def _purge(transaction: Transaction, wanted: Purge) -> list[int]:
    """Delete some operations, those first that nobody else may look at meanwhile."""
    run, dialect = transaction.connection.execute, transaction.dialect
    before = min(stored(wanted.before), transaction.now - KEPT // MILLISECOND)
    asked = packed(ID, ((key,) for key in wanted.operations))
    keys = list(run(_held(dialect), {"rows": asked, "before": before}).scalars())
    given = {"rows": packed(ID, ((key,) for key in keys))}
    mine = select(ticket.c.id).where(is_given(dialect, ticket.c.operation_id))
    tickets = {"rows": packed(ID, ((key,) for key in run(mine, given).scalars()))}
    run(delete(comment).where(is_given(dialect, comment.c.ticket_id)), tickets)
    run(delete(history).where(_its_lines(dialect)), given)
    for table, key in _BELONGS:
        run(delete(table).where(is_given(dialect, key)), given)
    return keys


def _can_go() -> ColumnElement[bool]:
    """Return the condition that an operation has ended, and that nobody waits for anything of it."""
    has_open_ticket = select(ticket.c.id).where(
        ticket.c.operation_id == operation.c.id, ticket.c.state == "open"
    )
    is_unsent = select(delivery.c.id).where(
        delivery.c.operation_id == operation.c.id, delivery.c.state == "waiting"
    )
    told = (history.c.kind == outbox.c.kind, history.c.owner == outbox.c.owner)
    of_services = (
        select(history.c.operation_id)
        .select_from(outbox)
        .join(history, and_(*told, history.c.number == outbox.c.number))
        .where(outbox.c.kind == SERVICE, history.c.operation_id.is_not(None))
    )
    unsent = union_all(select(outbox.c.owner).where(outbox.c.kind == OPERATION), of_services)
    return and_(
        operation.c.ended_at < bindparam("before", type_=BigInteger),
        ~has_open_ticket.exists(),
        ~is_unsent.exists(),
        operation.c.id.not_in(unsent),
    )


@cache
def _walk() -> Select[Any]:
    """Return the query for a window, and what of it can go."""
    can_go = and_(operation.c.ended_at.is_not(None), _can_go())
    query = select(operation.c.id, operation.c.accepted_at, can_go.label("can_go"))
    query = query.where(operation.c.id > bindparam("after", type_=BigInteger))
    return query.order_by(operation.c.id).limit(bindparam("most", type_=Integer))


@cache
def _held(dialect: str) -> Select[Any]:
    """Return the query that holds those of some operations that can go."""
    query = select(operation.c.id).where(is_given(dialect, operation.c.id), _can_go())
    return locked(dialect, query.order_by(operation.c.id), operation, skip=False)


def _its_lines(dialect: str) -> ColumnElement[bool]:
    """Return the condition that a line belongs to one of the operations that are handed over."""
    return and_(history.c.kind == OPERATION, is_given(dialect, history.c.owner))


@cache
def _history(dialect: str) -> Select[Any]:
    """Return the query for the histories of operations."""
    return select(history).where(_its_lines(dialect)).order_by(history.c.owner, history.c.number)


#: What belongs to an operation, the operation itself last.
_BELONGS: tuple[tuple[Table, ColumnElement[int]], ...] = (
    (delivery, delivery.c.operation_id),
    (trouble, trouble.c.operation_id),
    (confirmation, confirmation.c.operation_id),
    (signal, signal.c.operation_id),
    (ticket, ticket.c.operation_id),
    (command, command.c.id),
    (operation, operation.c.id),
)
