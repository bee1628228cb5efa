"""Tickets: at most one for an operation; each further cause comments on it (CO-5, I6)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import BigInteger, Boolean, Text, Update, bindparam, case, func, select, update

from schema.ids import public_id
from schema.store.desk import TicketEvent, open_tickets, tell_desk
from schema.store.dialect import Columns, locked, next_keys, rows
from schema.store.logged import warn_when_stored
from schema.store.transaction import Transaction
from schema.store.troubles import evidence
from schema.tables import comment, operation, ticket

TICKET = ("id", "operation_id", "desk", "severity", "state", "title", "body", "opened_at")
COMMENT = ("ticket_id", "at", "body")
CHANGE: Columns = {"id": BigInteger(), "severity": Text(), "resolves": Boolean()}
GIVE = {"id": BigInteger(), "ticket": BigInteger()}


@dataclass(frozen=True, slots=True)
class TicketText:
    """A ticket as it is opened: who gets it, how severe, and what it says."""

    desk: str
    severity: str
    title: str
    body: str
    what_to_do: str = ""


@dataclass(frozen=True, slots=True)
class TicketNote:
    """Something that concerns a ticket: where there is one it gets the comment, else `opens` is opened if given.

    What would open one has its operation's last trouble written below it, in a comment too.
    """

    comment: str
    opens: TicketText | None = None
    severity: str | None = None
    resolves: bool = False


def note_tickets(
    transaction: Transaction, notes: Sequence[tuple[int, int | None, TicketNote]]
) -> None:
    """Comment on the tickets of operations, given with their ticket's key, or open one."""
    told = evidence(transaction, [owner for owner, _, note in notes if note.opens])
    on_tickets = [(owner, key, note) for owner, key, note in notes if key is not None]
    if on_tickets:
        comments = [
            (key, transaction.now, _with(note.comment, told.get(owner) if note.opens else None))
            for owner, key, note in on_tickets
        ]
        transaction.add(comment, COMMENT, comments)
        was_open = open_tickets(transaction, [key for _, key, _ in on_tickets])
        changes = [(key, note.severity, note.resolves) for _, key, note in on_tickets]
        transaction.run(_change(transaction.dialect), CHANGE, changes)
        events = [
            _event(key, note, text, resolves=note.resolves and key in was_open)
            for (_, key, note), (_, _, text) in zip(on_tickets, comments, strict=True)
        ]
        tell_desk(transaction, events)
    _open(
        transaction,
        [
            (owner, replace(note.opens, body=_with(note.opens.body, told.get(owner))))
            for owner, key, note in notes
            if key is None and note.opens
        ],
    )


def note_ticket(transaction: Transaction, owner: int, note: TicketNote) -> None:
    """Note something about an operation that the transaction does not hold yet: what came before may have a ticket."""
    query = select(operation.c.ticket).where(operation.c.id == owner)
    held = locked(transaction.dialect, query, operation, skip=False)
    key = transaction.connection.execute(held).scalar_one()
    note_tickets(transaction, [(owner, key, note)])


def _event(key: int, note: TicketNote, comment: str, *, resolves: bool) -> TicketEvent:
    """Return what a desk is told about a comment."""
    advice = note.opens.what_to_do if note.opens else None
    return TicketEvent(key, "ticket.resolved" if resolves else "ticket.commented", comment, advice)


def _with(text: str, told: str | None) -> str:
    """Return a text with what is told below it, if anything."""
    return f"{text}\n\n{told}" if told else text


def _open(transaction: Transaction, wanted: Sequence[tuple[int, TicketText]]) -> None:
    """Open a ticket for each operation."""
    if not wanted:
        return
    keys = next_keys(transaction.connection, ticket, len(wanted))
    opened = [
        (key, owner, text.desk, text.severity, "open", text.title, text.body, transaction.now)
        for key, (owner, text) in zip(keys, wanted, strict=True)
    ]
    transaction.add(ticket, TICKET, opened)
    given = [(owner, key) for key, (owner, _) in zip(keys, wanted, strict=True)]
    transaction.run(_give(transaction.dialect), GIVE, given)
    events = [
        TicketEvent(key, "ticket.opened", None, text.what_to_do)
        for key, (_, text) in zip(keys, wanted, strict=True)
    ]
    tell_desk(transaction, events)
    for key, (owner, text) in zip(keys, wanted, strict=True):
        named = {"ticket": public_id("tkt", key), "operation": public_id("op", owner)}
        said = {"severity": text.severity, "title": text.title}
        warn_when_stored(transaction, "ticket_opened", **named, **said)


@cache
def _change(dialect: str) -> Update:
    """Return the statement that changes tickets; one that is resolved stays so."""
    given = rows(dialect, CHANGE)
    resolves = given.c.resolves
    values = {
        "severity": func.coalesce(given.c.severity, ticket.c.severity),
        "state": case((resolves, "resolved"), else_=ticket.c.state),
        "resolved_at": case(
            (resolves, func.coalesce(ticket.c.resolved_at, bindparam("now"))),
            else_=ticket.c.resolved_at,
        ),
    }
    return update(ticket).values(values).where(ticket.c.id == given.c.id)


@cache
def _give(dialect: str) -> Update:
    """Return the statement that names an operation's ticket in its row."""
    given = rows(dialect, GIVE)
    return update(operation).values(ticket=given.c.ticket).where(operation.c.id == given.c.id)
