"""Leases: a worker (or relay) is one row per boot, with a time until which it counts as alive, by the database's clock.

Who let his lease lapse loses everything he owned: the owner is cleared and the epoch raised, so that whatever he still
writes finds no row (DESIGN idea 5).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import inf
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from schema.ids import public_id
from schema.store.by_product import woken
from schema.store.dialect import LEASE_NOW, POSTGRESQL, is_one_of
from schema.store.moments import MILLISECOND
from schema.store.transaction import Transaction
from schema.store.waits import set_waits
from schema.tables import delivery, due, operation, worker

#: What a waker's row is called among the workers'.
WAKER = "waker"
WORKER = "worker"

#: So many operations are named where they are taken over.
NAMED = 20

#: So far a clock may have been set back since an operation was claimed: a day, in stored form.
SET_BACK = 86_400_000


@dataclass(frozen=True, slots=True)
class Boot:
    """Begin a lease; answered with the key of its row. `rooms` says how many operations of each product fit in."""

    role: str
    host: str
    rooms: Mapping[str, int]
    length: timedelta

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Boot"]) -> list[int]:
        """Insert a row for each."""
        return [_boot(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class Renew:
    """Prolong a lease from now; answered False where it has lapsed and somebody has taken over."""

    worker: int
    length: timedelta

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Renew"]) -> list[bool]:
        """Prolong each."""
        return [_renew(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class Resign:
    """End a lease and let go of what is still owned; answered with how many operations that were."""

    worker: int

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Resign"]) -> list[int]:
        """Take over from each as if it had lapsed."""
        return [
            _take_over(transaction, worker.c.id == record.worker).operations for record in records
        ]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """Who had lapsed, the roles that they had, and the operations that they owned."""

    workers: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    keys: tuple[int, ...] = ()

    @property
    def operations(self) -> int:
        """How many operations they owned."""
        return len(self.keys)

    @property
    def told(self) -> Mapping[str, object]:
        """What a log says of it; of many operations only the first are named."""
        named = [public_id("op", key) for key in sorted(self.keys)[:NAMED]]
        more = {"more": self.operations - NAMED} if self.operations > NAMED else {}
        return {"workers": self.workers, "roles": self.roles, "operations": named, **more}


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Take everything away from workers whose lease has lapsed; from all others too where `all_of_them` are gone.

    Nobody claims it before the last calls of the dead have had time to `settle`: who dies while he waits for that has
    not tried anything.
    """

    all_of_them: bool = False
    settle: timedelta = timedelta()

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["TakeOver"]) -> list[TakenOver]:
        """Look for lapsed workers once, for all who ask."""
        lapsed = worker.c.lease_until < LEASE_NOW[transaction.dialect]
        everybody = any(record.all_of_them for record in records)
        who = worker.c.id == worker.c.id if everybody else lapsed
        found = _take_over(transaction, who, max(record.settle for record in records))
        return [found for _ in records]


def is_alive(transaction: Transaction, key: int) -> bool:
    """Return whether nobody has taken over from a worker, and keep it so until this transaction ends."""
    return (
        transaction.connection.execute(_alive(transaction.dialect), {"id": key}).first() is not None
    )


def next_lapse(connection: Connection) -> float:
    """Return in how many seconds the first lease lapses that is not renewed; less than none where one has."""
    left = func.min(worker.c.lease_until) - LEASE_NOW[connection.dialect.name]
    found = connection.execute(select(left)).scalar()
    return inf if found is None else found * MILLISECOND.total_seconds()


def rooms(connection: Connection) -> dict[str, int]:
    """Return how many operations of each product the living workers take together."""
    alive = worker.c.lease_until >= LEASE_NOW[connection.dialect.name]
    total: dict[str, int] = {}
    for text in connection.execute(
        select(worker.c.rooms).where(alive, worker.c.role == WORKER)
    ).scalars():
        for product, room in json.loads(text).items():
            total[product] = total.get(product, 0) + room
    return total


def _boot(transaction: Transaction, record: Boot) -> int:
    """Insert the row of one boot."""
    now = LEASE_NOW[transaction.dialect]
    values = {
        "role": record.role,
        "host": record.host,
        "rooms": json.dumps(dict(record.rooms)),
        "booted_at": now,
    }
    query = (
        insert(worker)
        .values(**values, lease_until=now + record.length // MILLISECOND, renewed_at=now)
        .returning(worker.c.id)
    )
    return int(transaction.connection.execute(query).scalar_one())


def _renew(transaction: Transaction, record: Renew) -> bool:
    """Prolong one lease."""
    now = LEASE_NOW[transaction.dialect]
    renewed = {"lease_until": now + record.length // MILLISECOND, "renewed_at": now}
    statement = update(worker).where(worker.c.id == record.worker).values(**renewed)
    return transaction.connection.execute(statement).rowcount == 1


def _take_over(
    transaction: Transaction, who: ColumnElement[bool], settle: timedelta = timedelta()
) -> TakenOver:
    """Delete workers, and free what they own; what is owned is always due, so the due rows lead to it."""
    deleted = delete(worker).where(who).returning(worker.c.id, worker.c.role)
    lapsed = transaction.connection.execute(deleted).all()
    if not lapsed:
        return TakenOver()
    gone = tuple(row.id for row in lapsed)
    in_work = woken(due.c.wake_at <= transaction.now + SET_BACK)
    is_theirs = operation.c.owner.in_(gone)
    owned = update(operation).where(
        is_theirs, is_one_of(transaction.dialect, operation.c.id, in_work)
    )
    freed = owned.values(owner=None, epoch=operation.c.epoch + 1).returning(operation.c.id)
    keys = transaction.connection.execute(freed).scalars().all()
    if settle:
        later = transaction.now + settle // MILLISECOND
        set_waits(transaction, [(key, later, later) for key in keys])
    is_late = (delivery.c.state == "waiting") & (delivery.c.due_at <= transaction.now + SET_BACK)
    sending = update(delivery).where(delivery.c.owner.in_(gone), is_late)
    transaction.connection.execute(sending.values(owner=None, epoch=delivery.c.epoch + 1))
    return TakenOver(gone, tuple(row.role for row in lapsed), tuple(keys))


@cache
def _alive(dialect: str) -> Select[Any]:
    """Return the query for the row of a worker, which may be renewed meanwhile but not deleted."""
    query = select(worker.c.id).where(worker.c.id == bindparam("id"))
    is_shared = dialect == POSTGRESQL
    return query.with_for_update(read=True, key_share=True) if is_shared else query
