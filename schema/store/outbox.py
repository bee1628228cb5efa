"""The outbox: public lines of history that no broker has confirmed yet, and which relay sends them.

Every row belongs to one of 16 partitions, and a relay leases its fair share of these. A lease only
keeps two relays from sending the same event. The order of an owner record's events does not rest on
it, but on this: a relay sends an event only when the one before it has been confirmed, to itself or
to the relay that deleted its row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    FromClause,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from schema.store.dialect import LEASE_NOW, locked, packed, rows
from schema.store.moments import MILLISECOND, moment
from schema.store.transaction import Transaction
from schema.tables import (
    OPERATION,
    PARTITIONS,
    command,
    history,
    operation,
    outbox,
    partition,
    service,
    worker,
)

#: The role of those rows of `worker` that are relays.
RELAY = "relay"

ID = {"id": BigInteger()}


@dataclass(frozen=True, slots=True)
class LeasePartitions:
    """Lease a relay's fair share for `length` from now; answered with the partitions that it holds.

    What it has above its share it gives up; what nobody living holds it takes. A relay whose own
    row is gone holds nothing.
    """

    relay: int
    length: timedelta

    @staticmethod
    def apply(
        transaction: Transaction, records: Sequence["LeasePartitions"]
    ) -> list[tuple[int, ...]]:
        """Lease for one relay after the other."""
        return [_lease(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class ReleasePartitions:
    """Give up all partitions of a relay; answered with how many those were."""

    relay: int

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["ReleasePartitions"]) -> list[int]:
        """Give up for each."""
        return [_give_up(transaction, partition.c.owner == record.relay) for record in records]


@dataclass(frozen=True, slots=True)
class Sent:
    """Forget outbox rows whose events a broker has confirmed."""

    ids: tuple[int, ...]

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Sent"]) -> list[None]:
        """Delete the rows of all records in one statement."""
        keys = sorted({key for record in records for key in record.ids})
        transaction.run(_delete(transaction.dialect), ID, [(key,) for key in keys])
        return [None for _ in records]


class OutgoingEvent(NamedTuple):
    """A public line of history with all that its event says.

    A service's event tells of the operation that moved it. `state` is the owner record's after the
    line. All but `reason`, `outcome` and `ticket` never changes; those three are final once the
    operation has ended.
    """

    id: int
    kind: int
    owner: int
    number: int
    sequence: int
    event: str
    at: datetime
    why: str | None
    before: str | None
    state: str | None
    step: str | None
    product: str
    customer: str
    reference: str
    service_id: int
    operation: int | None
    verb: str | None
    deadline_at: datetime | None
    reason: str | None
    outcome: str | None
    ticket: int | None
    actor: str | None
    correlation_id: str | None


#: Where times stand in an event.
_TIMES = tuple(map(OutgoingEvent._fields.index, ("at", "deadline_at")))


def unsent(
    connection: Connection, partitions: Collection[int], limit: int, besides: Iterable[int] = ()
) -> list[OutgoingEvent]:
    """Return the oldest unsent events of these partitions, in the order of their owner records.

    `besides` are the ids of outbox rows that the asker has already.
    """
    if not partitions:
        return []
    given = {
        "partitions": sorted(partitions),
        "limit": limit,
        "rows": packed(ID, [(key,) for key in besides]),
    }
    found = connection.execute(_unsent(connection.dialect.name), given)
    return [_outgoing(row) for row in found]


def _outgoing(row: Row[Any]) -> OutgoingEvent:
    """Return a row in the words of this module."""
    values = list(row)
    for place in _TIMES:
        if values[place] is not None:
            values[place] = moment(values[place])
    return OutgoingEvent._make(values)


def _lease(transaction: Transaction, wanted: LeasePartitions) -> tuple[int, ...]:
    """Return what one relay holds after it gave up its surplus and took what is free."""
    run = transaction.connection.execute
    now = LEASE_NOW[transaction.dialect]
    lapsed = (partition.c.lease_until < now).label("lapsed")
    query = select(partition.c.number, partition.c.owner, lapsed)
    query = locked(transaction.dialect, query.order_by(partition.c.number), partition, skip=False)
    found = run(query).all()
    living = set(run(_living(now, wanted.relay)).scalars())
    if wanted.relay not in living:
        _give_up(transaction, partition.c.owner == wanted.relay)
        return ()
    share = -(-PARTITIONS // len(living))
    mine = [row.number for row in found if row.owner == wanted.relay]
    free = [row.number for row in found if row.owner not in living or row.lapsed]
    held = (mine + [number for number in free if number not in mine])[:share]
    _give_up(transaction, and_(partition.c.owner == wanted.relay, partition.c.number.not_in(held)))
    values = {"owner": wanted.relay, "lease_until": now + wanted.length // MILLISECOND}
    run(update(partition).where(partition.c.number.in_(held)).values(values))
    return tuple(sorted(held))


def _living(now: ColumnElement[int], asker: int) -> Select[Any]:
    """Return the query for the living relays; who asks is alive while he has a row."""
    is_alive = or_(worker.c.lease_until >= now, worker.c.id == asker)
    return select(worker.c.id).where(worker.c.role == RELAY, is_alive)


def _give_up(transaction: Transaction, which: ColumnElement[bool]) -> int:
    """Free partitions, and return how many those were."""
    freed = update(partition).where(which).values(owner=None, lease_until=0)
    return transaction.connection.execute(freed).rowcount


@cache
def _delete(dialect: str) -> Delete:
    """Return the statement that deletes a set of outbox rows."""
    return delete(outbox).where(outbox.c.id.in_(select(rows(dialect, ID).c.id)))


@cache
def _unsent(dialect: str) -> Select[Any]:
    """Return the query for unsent events: one look into an index for each thing that they tell.

    The oldest are chosen first and by themselves: PostgreSQL would else join all before it takes a few.
    """
    had = select(rows(dialect, ID).c.id)
    mine = outbox.c.partition.in_(bindparam("partitions", expanding=True))
    oldest = select(outbox).where(mine, outbox.c.id.not_in(had)).order_by(outbox.c.id)
    chosen = oldest.limit(bindparam("limit")).cte("chosen")
    line = and_(
        history.c.kind == chosen.c.kind,
        history.c.owner == chosen.c.owner,
        history.c.number == chosen.c.number,
    )
    is_operation = chosen.c.kind == OPERATION
    theirs = operation.c.id == case((is_operation, chosen.c.owner), else_=history.c.operation_id)
    home = service.c.id == case((is_operation, operation.c.service_id), else_=chosen.c.owner)
    asked: dict[FromClause, tuple[str, ...]] = {
        chosen: ("id", "kind", "owner", "number"),
        history: ("sequence", "event", "at", "why", "before", "step"),
        service: ("product", "customer", "reference"),
        operation: ("verb", "deadline_at", "reason", "outcome", "ticket"),
        command: ("actor", "correlation_id"),
    }
    columns: dict[str, ColumnElement[Any]] = {
        name: table.c[name] for table, names in asked.items() for name in names
    }
    columns["state"] = func.coalesce(history.c.after, _state_before(chosen))
    columns |= {"service_id": service.c.id, "operation": operation.c.id}
    joined = chosen.join(history, line).outerjoin(operation, theirs)
    joined = joined.outerjoin(command, command.c.id == operation.c.id).join(service, home)
    told = (columns[name].label(name) for name in OutgoingEvent._fields)
    return select(*told).select_from(joined).order_by(chosen.c.id)


def _state_before(chosen: FromClause) -> ScalarSelect[str]:
    """Return the state after the last move before a line that is no move itself, such as `overdue`."""
    earlier = history.alias("earlier")
    same = and_(
        earlier.c.kind == chosen.c.kind,
        earlier.c.owner == chosen.c.owner,
        earlier.c.number < chosen.c.number,
        earlier.c.after.is_not(None),
    )
    query = select(earlier.c.after).where(same).order_by(earlier.c.number.desc()).limit(1)
    return query.correlate(chosen).scalar_subquery()
