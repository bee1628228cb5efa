"""After a backup of the database was put back: what happened since then is known to platforms and upstream, not to us.

Nobody may be at work. Whatever may have begun since asks its platform first, and what was given away since is never
given again: keys, and with them ids and idempotency keys, and the sequences of public events. Both go on so far beyond
what can have been used since the backup that the same one can be put back twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from schema.lifecycle import DELETED
from schema.store.dialect import SQLITE
from schema.store.moments import moment_or_none
from schema.store.transaction import Transaction
from schema.tables import (
    OPERATION,
    SERVICE,
    clock,
    delivery,
    due,
    history,
    operation,
    partition,
    service,
    ticket,
    worker,
)

#: So many keys are left out, and so many more for each millisecond since the backup: more than anybody can use.
KEYS, KEYS_EACH = 1_000_000, 10

#: So many sequences are left out in each record, and one more in each of so many milliseconds since the backup.
SEQUENCES, SEQUENCES_EACH = 1_000, 100

#: In stored form.
HOUR = 3_600_000

#: A backup is taken for no older than a year, in stored form.
OLDEST = 365 * 86_400_000

#: What has keys that are known outside, or that say whose something is, and what counts them on PostgreSQL.
COUNTED: Mapping[Table, str] = {
    operation: "operation_keys",
    service: "service_keys",
    ticket: "ticket_keys",
    worker: "worker_id_seq",
}

#: What the history says of everything under way, and of every live service.
WHAT, WHY = "restored", "from a backup: what happened since is not known"

LINE = ("kind", "owner", "number", "at", "who", "what", "why", "before", "after")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done, and since when (the last command that the backup knows) it is not known what happened."""

    since: datetime | None
    workers: int
    asking: int
    services: int
    keys_left_out: int
    sequences_left_out: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Go on from a backup; answered with what was done.

    `final` names the verbs, by product, of which not even the first step can be undone: they count as begun (CO-3).
    """

    final: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Restore"]) -> list[Restored]:
        """Do it, for each who asks."""
        return [_restore(transaction, record.final) for record in records]


@dataclass(frozen=True, slots=True)
class CountOn:
    """Count how often somebody worked on a SQLite database on by one, with its keys; answered with its `age`."""

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["CountOn"]) -> list[str]:
        """Count on once, for all who ask."""
        _leave_out(transaction, worker, 1)
        return [age(transaction.connection) for _ in records]


def age(connection: Connection) -> str:
    """Return how far a SQLite database has counted, after whose it is: of two, the older one has counted less far."""
    counted = connection.execute(_SQLITE_SEEN, {"name": worker.name}).scalar() or 0
    return f"{connection.execute(select(clock.c.installation)).scalar_one()} {counted}"


def _restore(transaction: Transaction, final: Sequence[tuple[str, str]]) -> Restored:
    """Go on from a backup."""
    since = _last_accepted(transaction)
    lost = min(max(transaction.now - (since or 0), 0), OLDEST)
    keys, sequences = KEYS + KEYS_EACH * lost, SEQUENCES + lost // SEQUENCES_EACH
    _leave_keys_out(transaction, keys)
    workers = _end_leases(transaction)
    asking = _doubt(transaction, final)
    _wake_what_has_begun(transaction)
    _go_on(transaction, operation, _IS_OPEN, sequences)
    services = _go_on(transaction, service, _IS_LIVE, sequences)
    _visit_soon(transaction)
    transaction.connection.execute(update(clock).values(restored_at=transaction.now))
    known = moment_or_none(since)
    return Restored(known, workers, asking, services, keys, sequences)


def _last_accepted(transaction: Transaction) -> int | None:
    """Return when the last command was accepted that the backup knows: it is no older."""
    last = select(operation.c.accepted_at).order_by(operation.c.id.desc()).limit(1)
    return transaction.connection.execute(last).scalar()


def _leave_keys_out(transaction: Transaction, many: int) -> None:
    """Let the next key of each be one that nobody has seen."""
    for table in COUNTED:
        _leave_out(transaction, table, many)


def _leave_out(transaction: Transaction, table: Table, many: int) -> None:
    """Leave so many keys of a table out."""
    run = transaction.connection.execute
    if transaction.dialect == SQLITE:
        is_known = run(_SQLITE_SEEN, {"name": table.name}).scalar() is not None
        run(_SQLITE_ON if is_known else _SQLITE_FIRST, {"name": table.name, "many": many})
    else:
        sequence = COUNTED[table]
        run(select(func.setval(sequence, func.nextval(sequence) + many)))


def _end_leases(transaction: Transaction) -> int:
    """End all leases, and free what was owned under them; return how many those were."""
    run = transaction.connection.execute
    for table, is_open in ((operation, _IS_OPEN), (delivery, delivery.c.state == "waiting")):
        freed = update(table).where(is_open, table.c.owner.is_not(None))
        run(freed.values(owner=None, epoch=table.c.epoch + 1))
    run(update(partition).values(owner=None, lease_until=0))
    return run(delete(worker)).rowcount


def _doubt(transaction: Transaction, final: Sequence[tuple[str, str]]) -> int:
    """Let every step of what may have begun since ask before it acts; return how many operations that is."""
    values = {
        "restored": True,
        "past_return": or_(operation.c.past_return, *(_is_final(*each) for each in final)),
    }
    may_have_begun = or_(operation.c.state != "accepted", operation.c.starts_at <= transaction.now)
    doubted = update(operation).where(_IS_OPEN, may_have_begun).values(values)
    return transaction.connection.execute(doubted).rowcount


def _wake_what_has_begun(transaction: Transaction) -> None:
    """Let what has begun and waits look at its platform now: what that has told since is lost."""
    is_parked = operation.c.reason.is_not_distinct_from("parked")
    begun = select(operation.c.id).where(
        operation.c.id == due.c.operation_id,
        operation.c.state != "accepted",
        ~operation.c.in_line,
        ~is_parked,
    )
    woken = update(due).where(begun.exists()).values(wake_at=transaction.now)
    transaction.connection.execute(woken)


def _go_on(
    transaction: Transaction, table: Table, which: ColumnElement[bool], sequences: int
) -> int:
    """Say in histories that a backup was put back, and leave sequences out; return in how many."""
    run, kind = transaction.connection.execute, OPERATION if table is operation else SERVICE
    counted = {"number": table.c.number + 1, "sequence": table.c.sequence + sequences}
    count = run(update(table).where(which).values(counted)).rowcount
    said = (literal(transaction.now), literal("operator"), literal(WHAT), literal(WHY))
    state = (table.c.state, table.c.state)
    lines = select(literal(kind), table.c.id, table.c.number, *said, *state).where(which)
    run(insert(history).from_select(LINE, lines))
    return count


def _visit_soon(transaction: Transaction) -> None:
    """Let the platform be read of every live service in the next hour: lost operations may have changed it (CO-14)."""
    soon = transaction.now + service.c.visit_at % HOUR
    transaction.connection.execute(update(service).where(_IS_LIVE).values(visit_at=soon))


def _is_final(product: str, verb: str) -> ColumnElement[bool]:
    """Return whether an operation that has not begun carries out a verb."""
    is_new = operation.c.state == "accepted"
    return and_(is_new, operation.c.product == product, operation.c.verb == verb)


_IS_OPEN = operation.c.id.in_(select(due.c.operation_id))
_IS_LIVE = service.c.state != DELETED
_SQLITE_SEEN = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_SQLITE_ON = text("UPDATE sqlite_sequence SET seq = seq + :many WHERE name = :name")
_SQLITE_FIRST = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :many)")
