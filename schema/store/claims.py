"""Claiming: a worker takes operations that are due, as many as it has room for, and gets all that it has to know.

Only a claim gives the right to work on an operation. It raises the epoch that every later write has to name, counts
the try before it runs, and takes the hold of the service (I5).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Row,
    Select,
    Text,
    Update,
    bindparam,
    or_,
    select,
    update,
)

from schema.lifecycle import NEW, Cell, Phase, move
from schema.store.claimed import (
    AS_COUNTED,
    AS_MOMENTS,
    AS_STORED,
    Begins,
    Claimed,
    StoredSignal,
)
from schema.store.dialect import Columns, locked, rows
from schema.store.leases import is_alive
from schema.store.moments import moment
from schema.store.services import ServiceChange, change_services, stand_in_line, take_holds
from schema.store.transaction import Line, Transaction, Written
from schema.tables import OPERATION, command, due, history, operation, service, signal


@dataclass(frozen=True, slots=True)
class Claim:
    """Take those of these operations that are due and free; answered with the ones taken.

    An operation that the claimer owns already comes back too: it is one whose answer was lost, for a worker never
    claims what it is working on. Who has lost his lease gets nothing: nobody would take it over from him again.
    `final` names the verbs of which not even the first step can be undone.
    """

    owner: int
    operations: tuple[int, ...]
    final: frozenset[str] = frozenset()

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Claim"]) -> list[list[Claimed]]:
        """Take for each claimer in turn."""
        return [_take(transaction, record) for record in records]


CLAIM: Columns = {
    "id": BigInteger(),
    "owner": BigInteger(),
    "state": Text(),
    "before": Text(),
    "lines": Integer(),
    "past_return": Boolean(),
}

BEGUN = Line("begun", "worker", before="accepted", after="running")


def _take(transaction: Transaction, wanted: Claim) -> list[Claimed]:
    """Return what this claimer gets."""
    if not is_alive(transaction, wanted.owner):
        return []
    given = {"ids": sorted(set(wanted.operations)), "owner": wanted.owner, "now": transaction.now}
    free = _free(
        transaction, transaction.connection.execute(_candidates(transaction.dialect), given)
    )
    if not free:
        return []
    begun = {row.id: _begins(transaction, row) for row in free if row.state == "accepted"}
    values = [_value(row, wanted, begun.get(row.id)) for row in free]
    counters = {row.id: row for row in transaction.run(_claim(transaction.dialect), CLAIM, values)}
    transaction.write_history(
        Written(OPERATION, key, counters[key].number, counters[key].sequence, (BEGUN,))
        for key, begins in begun.items()
        if begins == "yes"
    )
    _begin_services(transaction, free, begun)
    told = _Told(
        begun=begun,
        facts=_facts(transaction, [row.id for row in free if row.state != "accepted"]),
        signals=_signals(transaction, [row.id for row in free if row.signals]),
    )
    return [_claimed(transaction, row, counters[row.id], told) for row in free]


def _free(transaction: Transaction, found: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return the operations that may act on their service; the others stand in line for it."""
    known = [  # a verb that is missing here, a newer version knows (I11)
        row for row in found if row.verb in transaction.products[row.product].verbs
    ]
    first = {row.service_id: row for row in reversed(known) if row.holder is None}
    wanted = [(row.service_id, row.id, row.service_state) for row in first.values()]
    holding = {row.id for row in known if row.holder == row.id} | take_holds(transaction, wanted)
    in_line = [(row.id, row.service_id) for row in known if row.id not in holding]
    if in_line:
        stand_in_line(transaction, in_line)
    return [row for row in known if row.id in holding]


def _value(row: Row[Any], wanted: Claim, begins: Begins | None) -> tuple[Any, ...]:
    """Return a claim as a row for the statement.

    What may not begin stays `accepted`: should its worker die before it has ended it, the next claim decides again.
    """
    match begins:
        case None:
            return (row.id, wanted.owner, row.state, row.before, 0, False)
        case "yes":
            is_final = row.verb in wanted.final and row.cancel is None
            return (row.id, wanted.owner, "running", row.service_state, 1, is_final)
        case _:
            return (row.id, wanted.owner, "accepted", row.service_state, 0, False)


def _begin_services(
    transaction: Transaction, free: Iterable[Row[Any]], begun: Mapping[int, Begins]
) -> None:
    """Take the hold where nobody had it, and move the services of operations that begin."""
    changes = []
    for row in free:
        line = _move(transaction, row) if begun.get(row.id) == "yes" else None
        if line or row.holder is None:
            changes.append(ServiceChange(row.service_id, row.id, line))
    change_services(transaction, changes)


def _begins(transaction: Transaction, row: Row[Any]) -> Begins:
    """Return whether the table still allows an operation that begins (CO-1, CO-13)."""
    verb = transaction.products[row.product].verbs[row.verb]
    if row.service_state == NEW and verb.creates:
        return "yes"
    match verb.takes.get(row.service_state):
        case Cell.YES:
            return "yes"
        case Cell.ALREADY:
            return "already"
        case _:
            return "refused"


def _move(transaction: Transaction, row: Row[Any]) -> Line | None:
    """Return the line of a service that moves as an operation begins."""
    verb = transaction.products[row.product].verbs[row.verb]
    after = move(verb, Phase.BEGUN, row.service_state, row.service_state)
    if after == row.service_state:
        return None
    return Line(
        "moved", "worker", f"{row.verb} began", row.service_state, after, event="service_changed"
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known about the operations of one claim, beside their rows."""

    begun: Mapping[int, Begins]
    facts: Mapping[int, Mapping[str, str]]
    signals: Mapping[int, tuple[StoredSignal, ...]]


def _claimed(transaction: Transaction, row: Row[Any], counters: Row[Any], told: _Told) -> Claimed:
    """Return what the worker has to know about one operation."""
    begins = told.begun.get(row.id)
    state = row.service_state
    if begins == "yes":
        verb = transaction.products[row.product].verbs[row.verb]
        state = move(verb, Phase.BEGUN, state, state)
    known = row._mapping  # noqa: SLF001  this is the documented way to see a row as a mapping
    given: dict[str, Any] = {name: known[name] for name in AS_STORED}
    given |= {name: moment(known[name]) for name in AS_MOMENTS}
    given |= {name: getattr(counters, name) for name in AS_COUNTED}
    return Claimed(
        **given,
        begins=begins,
        signals_seen=row.signals,
        now=moment(transaction.now),
        service_state=state,
        facts=told.facts.get(row.id, {}),
        signals=told.signals.get(row.id, ()),
    )


def _facts(transaction: Transaction, operations: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return what the steps of operations learned, by step; a step's newest facts win."""
    facts: dict[int, dict[str, str]] = {}
    if operations:
        query = select(history.c.owner, history.c.step, history.c.facts).order_by(history.c.number)
        query = query.where(
            history.c.kind == OPERATION,
            history.c.owner.in_(operations),
            history.c.facts.is_not(None),
        )
        for row in transaction.connection.execute(query):
            facts.setdefault(row.owner, {})[row.step] = row.facts
    return facts


def _signals(
    transaction: Transaction, operations: Sequence[int]
) -> dict[int, tuple[StoredSignal, ...]]:
    """Return the signals of operations in the platform's order of time."""
    signals: dict[int, tuple[StoredSignal, ...]] = {}
    if operations:
        query = select(signal.c.operation_id, signal.c.kind, signal.c.at, signal.c.facts)
        query = query.where(signal.c.operation_id.in_(operations)).order_by(
            signal.c.at, signal.c.id
        )
        for row in transaction.connection.execute(query):
            stored = StoredSignal(row.kind, moment(row.at), row.facts)
            signals[row.operation_id] = (*signals.get(row.operation_id, ()), stored)
    return signals


@cache
def _candidates(dialect: str) -> Select[Any]:
    """Return the query for what can be claimed of some operations, and all that is known of it."""
    free = or_(operation.c.owner.is_(None), operation.c.owner == bindparam("owner"))
    query = (
        select(
            operation,
            command.c.actor,
            command.c.correlation_id,
            command.c.data,
            service.c.customer,
            service.c.reference,
            service.c.holder,
            service.c.platform_id,
            service.c.state.label("service_state"),
            service.c.facts.label("service_facts"),
        )
        .join(due, due.c.operation_id == operation.c.id)
        .join(command, command.c.id == operation.c.id)
        .join(service, service.c.id == operation.c.service_id)
        .where(
            operation.c.id.in_(bindparam("ids", expanding=True)),
            free,
            due.c.wake_at <= bindparam("now"),
        )
        .order_by(operation.c.id)
    )
    return locked(dialect, query, operation, skip=True)


@cache
def _claim(dialect: str) -> Update:
    """Return the statement that makes operations the claimer's; looking again at one that waits is no move."""
    given = rows(dialect, CLAIM)
    values = {
        "owner": given.c.owner,
        "before": given.c.before,
        "epoch": operation.c.epoch + 1,
        "tries": operation.c.tries + 1,
        "in_line": False,
        "state": given.c.state,
        "number": operation.c.number + given.c.lines,
        "past_return": or_(operation.c.past_return, given.c.past_return),
    }
    claimed = update(operation).values(values).where(operation.c.id == given.c.id)
    columns = (
        operation.c.id,
        operation.c.owner,
        operation.c.epoch,
        operation.c.turn,
        operation.c.tries,
    )
    return claimed.returning(*columns, operation.c.before, operation.c.number, operation.c.sequence)
