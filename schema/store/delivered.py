"""What became of deliveries: accepted on the other side, put off, or dead.

Every write names owner and epoch; one that finds no row is lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    Update,
    and_,
    bindparam,
    select,
    update,
)

from schema.store.confirmations import count_from_mail
from schema.store.deliveries import DESK, MAIL, Parcel
from schema.store.dialect import Columns, rows
from schema.store.moments import Pause, moment, stored
from schema.store.remote import DeskSaid, Remote
from schema.store.signals import OwnSignal, tell_operations
from schema.store.tickets import TicketNote, note_ticket
from schema.store.transaction import Transaction
from schema.tables import delivery

#: What an operation finds among its signals once a mail of it, or a short message, was accepted.
MAILED = "mailed"


@dataclass(frozen=True, slots=True)
class Delivered:
    """It was accepted on the other side, which said something; answered False where it is somebody else's by now."""

    parcel: Parcel
    owner: int
    said: str
    remote: Remote | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Delivered"]) -> list[bool]:
        """Note what was sent, and tell the operations that wait for it."""
        return _deliver(transaction, records)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """It was not accepted: it goes out again after a pause, or never; answered False where it is somebody else's.

    The `note` is for the ticket of its operation, in the same transaction.
    """

    parcel: Parcel
    owner: int
    said: str
    again: Pause | None
    note: TicketNote | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Undelivered"]) -> list[bool]:
        """Let each go, until it is due again."""
        return _put_off(transaction, records)


OURS: Columns = {"id": BigInteger(), "owner": BigInteger(), "epoch": Integer()}
SENT: Columns = {**OURS, "said": Text(), "remote": Text()}
PUT_OFF: Columns = {**OURS, "said": Text(), "state": Text(), "due_at": BigInteger()}
BEHIND: Columns = {"id": BigInteger(), "due_at": BigInteger()}


def _deliver(transaction: Transaction, records: Sequence[Delivered]) -> list[bool]:
    """Note what was sent; an operation's mail is a signal to it, in the same transaction."""
    now = transaction.now
    values = [
        (
            *(each.parcel.id, each.owner, each.parcel.epoch, each.said),
            each.remote.stored(now) if each.remote else None,
        )
        for each in sorted(records, key=lambda each: each.parcel.id)
    ]
    done = {row.id for row in transaction.run(_send(transaction.dialect), SENT, values)}
    accepted = [each for each in records if each.parcel.id in done]
    notices = [each.parcel for each in accepted if each.parcel.channel != DESK]
    tell_operations(transaction, [_told(each, now) for each in notices])
    if mails := [each for each in notices if each.channel == MAIL]:
        count_from_mail(transaction, [each.operation for each in mails])
    heard = [(each.parcel.ticket, each.remote) for each in accepted]
    said = [DeskSaid(key, remote) for key, remote in heard if key is not None and remote]
    DeskSaid.apply(transaction, said)
    return [each.parcel.id in done for each in records]


def _told(mail: Parcel, now: int) -> OwnSignal:
    """Return what an operation is told about one of its notices."""
    facts = {"cause": mail.cause, "at": moment(now).isoformat()}
    return OwnSignal(mail.operation, mail.product, MAILED, f"{MAILED}:{mail.cause}", facts)


def _put_off(transaction: Transaction, records: Sequence[Undelivered]) -> list[bool]:
    """Let go of what was not accepted; what goes to the same desk about the same ticket waits behind it."""
    now = moment(transaction.now)
    values = []
    for each in sorted(records, key=lambda each: each.parcel.id):
        state = "waiting" if each.again else "dead"
        due_at = stored(each.again.after(now)) if each.again else transaction.now
        ours = (each.parcel.id, each.owner, each.parcel.epoch)
        values.append((*ours, each.said, state, due_at))
    done = {row.id for row in transaction.run(_leave(transaction.dialect), PUT_OFF, values)}
    behind = [(value[0], value[-1]) for value in values if value[0] in done]
    transaction.run(_wait_behind(transaction.dialect), BEHIND, behind)
    notes = [
        (each.parcel.operation, each.note)
        for each in records
        if each.note and each.parcel.id in done
    ]
    for key, note in sorted(notes, key=lambda each: each[0]):
        note_ticket(transaction, key, note)
    return [each.parcel.id in done for each in records]


def _is_ours(given: Any) -> ColumnElement[bool]:  # noqa: ANN401  a set of rows
    """Return the condition that a delivery still is in the hands that a record names."""
    return and_(
        delivery.c.id == given.c.id,
        delivery.c.owner == given.c.owner,
        delivery.c.epoch == given.c.epoch,
        delivery.c.state == "waiting",
    )


@cache
def _send(dialect: str) -> Update:
    """Return the statement that notes deliveries as sent."""
    given = rows(dialect, SENT)
    now = bindparam("now", type_=BigInteger())
    values = {"state": "sent", "sent_at": now, "said": given.c.said, "owner": None}
    values["remote"] = given.c.remote
    return update(delivery).values(values).where(_is_ours(given)).returning(delivery.c.id)


@cache
def _leave(dialect: str) -> Update:
    """Return the statement that lets go of deliveries that were not accepted."""
    given = rows(dialect, PUT_OFF)
    values = {**{name: given.c[name] for name in ("state", "due_at", "said")}, "owner": None}
    return update(delivery).values(values).where(_is_ours(given)).returning(delivery.c.id)


@cache
def _wait_behind(dialect: str) -> Update:
    """Return the statement that lets what comes later about a ticket wait as long as what comes before it."""
    given = rows(dialect, BEHIND)
    first = delivery.alias("first")
    mine = select(first.c.ticket_id).where(first.c.id == given.c.id).scalar_subquery()
    later = and_(
        delivery.c.ticket_id == mine,
        delivery.c.id > given.c.id,
        delivery.c.state == "waiting",
        delivery.c.due_at < given.c.due_at,
    )
    return update(delivery).values(due_at=given.c.due_at).where(later)
