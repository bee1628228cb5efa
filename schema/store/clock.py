"""The two times (DESIGN idea 10): lease time is the database's own clock, business time can be moved where allowed.

Business time on a movable database runs (lease time plus an offset) or stands (a value).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, or_, select, update

from schema.store.dialect import LEASE_NOW
from schema.store.moments import moment, stored
from schema.store.transaction import Transaction
from schema.tables import clock, command, customer


@dataclass(frozen=True, slots=True)
class Times:
    """What time it is, twice, in stored form, and whether business time can be moved and stands."""

    lease: int
    business: int
    is_movable: bool
    is_standing: bool


def read_times(connection: Connection) -> Times:
    """Return both times by the database's clock."""
    row = connection.execute(_times(connection.dialect.name)).one()
    business = row.standing_at if row.standing_at is not None else row.now + row.offset
    return Times(row.now, business, bool(row.movable), row.standing_at is not None)


@dataclass(frozen=True, slots=True)
class MoveTime:
    """Let business time stand at `to`; `since` is the standing time that is expected.

    Answered True, or False where the time is fixed, has been moved by somebody else, or would go back.
    """

    to: datetime
    since: datetime | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["MoveTime"]) -> list[bool]:
        """Move the clock, once for each record."""
        return [_move(transaction, each) for each in records]


@dataclass(frozen=True, slots=True)
class RunTime:
    """Let business time run on from where it is; one that runs already just goes on.

    Answered True, or False where the time is fixed.
    """

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["RunTime"]) -> list[bool]:
        """Let the clock run, the same answer for each record."""
        times = read_times(transaction.connection)
        if times.is_standing:
            on = {"standing_at": None, "offset": times.business - times.lease}
            transaction.connection.execute(update(clock).values(**on))
        return [times.is_movable for _ in records]


@dataclass(frozen=True, slots=True)
class BeginTime:
    """Let business time stand at `at`, before anything has happened, so that it may lie in the past.

    Answered True, or False where the time is fixed, or a customer or command is known already.
    """

    at: datetime

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["BeginTime"]) -> list[bool]:
        """Set the clock, once for each record."""
        return [_begin(transaction, each.at) for each in records]


def business_now(connection: Connection) -> datetime:
    """Return business time."""
    return moment(read_times(connection).business)


@cache
def _times(dialect: str) -> Select[Any]:
    """Return the query for both times, which every transaction begins with."""
    now = LEASE_NOW[dialect].label("now")
    return select(now, clock.c.movable, clock.c.standing_at, clock.c.offset)


def _begin(transaction: Transaction, at: datetime) -> bool:
    """Set the clock of a database in which nothing has happened."""
    known = select(or_(select(customer.c.name).exists(), select(command.c.id).exists()))
    if transaction.connection.execute(known).scalar_one():
        return False
    is_movable = clock.c.movable.is_(True)
    set_ = update(clock).where(is_movable).values(standing_at=stored(at))
    return transaction.connection.execute(set_).rowcount == 1


def _move(transaction: Transaction, wanted: MoveTime) -> bool:
    """Compare and set the clock."""
    times = read_times(transaction.connection)
    to = stored(wanted.to)
    if not times.is_movable or to < times.business:
        return False
    if wanted.since is not None and times.business != stored(wanted.since):
        return False
    transaction.connection.execute(update(clock).values(standing_at=to))
    return True
