"""Moving services, and handing the hold on: who acts on a service, and who comes next (I5)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Integer,
    Text,
    Update,
    and_,
    case,
    func,
    select,
    update,
)

from schema.lifecycle import DELETED
from schema.store.dialect import Columns, locked, rows
from schema.store.taking import give_back
from schema.store.transaction import Line, Transaction, Written
from schema.tables import FAR, SERVICE, due, operation, service

CHANGE: Columns = {
    "id": BigInteger(),
    "operation": BigInteger(),
    "state": Text(),
    "facts": Text(),
    "platform_id": Text(),
    "lines": Integer(),
    "releases": Boolean(),
}
TAKE: Columns = {"id": BigInteger(), "operation": BigInteger(), "state": Text()}


class ServiceChange(NamedTuple):
    """What an operation does to its service: a move, facts learned, the hold let go; None leaves a thing as it is.

    One that `is_heard` may have been moved by its platform since the operation looked at it (ML-6), or have learned
    something from it: of such a service `facts` are only those that are new, and `seen` all that were known then.
    What is otherwise by now was told meanwhile, and stays.
    """

    id: int
    operation: int
    move: Line | None = None
    facts: str | None = None
    platform_id: str | None = None
    releases: bool = False
    is_heard: bool = False
    seen: Mapping[str, Any] = MappingProxyType({})


def change_services(transaction: Transaction, changes: Sequence[ServiceChange]) -> None:
    """Apply changes, at most one for each service; a move writes its line, and is public."""
    if not changes:
        return
    changes = _as_they_are(transaction, changes)
    values = [
        (
            each.id,
            each.operation,
            each.move and each.move.after,
            each.facts,
            each.platform_id,
            int(each.move is not None),
            each.releases,
        )
        for each in sorted(changes, key=lambda change: change.id)
    ]
    found = {row.id: row for row in transaction.run(_change(transaction.dialect), CHANGE, values)}
    transaction.write_history(
        Written(
            SERVICE,
            each.id,
            found[each.id].number,
            found[each.id].sequence,
            (each.move,),
            each.operation,
        )
        for each in changes
        if each.move
    )
    give_back(
        transaction, [each.id for each in changes if each.move and each.move.after == DELETED]
    )
    _call_next(transaction, [each.id for each in changes if each.releases and found[each.id].line])


def _as_they_are(
    transaction: Transaction, changes: Sequence[ServiceChange]
) -> Sequence[ServiceChange]:
    """Return changes that begin where their services are now, not where they were when looked at."""
    keys = sorted(each.id for each in changes if each.is_heard and (each.move or each.facts))
    if not keys:
        return changes
    query = select(service.c.id, service.c.state, service.c.facts).where(service.c.id.in_(keys))
    query = locked(transaction.dialect, query.order_by(service.c.id), service, skip=False)
    rows_now = transaction.connection.execute(query)
    found = {row.id: (row.state, row.facts) for row in rows_now}
    return [
        _as_it_is(each, *found[each.id]) if each.is_heard and each.id in found else each
        for each in changes
    ]


def _as_it_is(change: ServiceChange, state: str, facts: str) -> ServiceChange:
    """Return a change of a service that is in this state, and of which these facts are known."""
    move = change.move and _from(change.move, state)
    if change.facts is None:
        return change._replace(move=move)
    known = json.loads(facts)
    told = {name: each for name, each in known.items() if each != change.seen.get(name)}
    new = json.loads(change.facts)
    return change._replace(move=move, facts=json.dumps({**known, **new, **told}))


def _from(line: Line, state: str) -> Line | None:
    """Return a move from the state that a service is in; none where it is there already."""
    return line._replace(before=state) if line.after != state else None


def take_holds(transaction: Transaction, wanted: Iterable[tuple[int, int, str]]) -> set[int]:
    """Give these (service, operation, state) the hold where nobody has it; return the operations that got it.

    A service that another transaction has taken or moved since it was read is not given.
    """
    values = sorted(wanted)
    if not values:
        return set()
    return {row.holder for row in transaction.run(_take(transaction.dialect), TAKE, values)}


def stand_in_line(transaction: Transaction, waiting: Sequence[tuple[int, int]]) -> None:
    """Let these (operation, service) wait, without a time, until the service is let go.

    Where that has happened just now there is no line to stand in: they stay due, and are claimed again.
    """
    run = transaction.connection.execute
    wanted = {service_id for _, service_id in waiting}
    held = update(service).where(service.c.id.in_(wanted), service.c.holder.is_not(None))
    taken = set(run(held.values(line=True).returning(service.c.id)).scalars())
    operations = [key for key, service_id in waiting if service_id in taken]
    run(update(operation).where(operation.c.id.in_(operations)).values(in_line=True))
    run(update(due).where(due.c.operation_id.in_(operations)).values(wake_at=FAR))


def _call_next(transaction: Transaction, services: Sequence[int]) -> None:
    """Give each service to the oldest operation that stands in line for it, and wake that."""
    if not services:
        return
    run = transaction.connection.execute
    in_line = select(
        operation.c.service_id, func.min(operation.c.id).label("id"), func.count().label("many")
    )
    in_line = in_line.where(
        operation.c.service_id.in_(services), operation.c.in_line, operation.c.ended_at.is_(None)
    )
    found = {row.service_id: row for row in run(in_line.group_by(operation.c.service_id))}
    for key in services:  # a line is rare, and short
        first = found.get(key)
        holder, is_line = (first.id, first.many > 1) if first else (None, False)
        run(update(service).where(service.c.id == key).values(holder=holder, line=is_line))
    called = [row.id for row in found.values()]
    run(update(operation).where(operation.c.id.in_(called)).values(in_line=False))
    run(update(due).where(due.c.operation_id.in_(called)).values(wake_at=transaction.now))


@cache
def _change(dialect: str) -> Update:
    """Return the statement that changes services."""
    given = rows(dialect, CHANGE)
    values = {
        "state": func.coalesce(given.c.state, service.c.state),
        "facts": func.coalesce(given.c.facts, service.c.facts),
        "platform_id": func.coalesce(given.c.platform_id, service.c.platform_id),
        "holder": case((given.c.releases, None), else_=given.c.operation),
        "number": service.c.number + given.c.lines,
        "sequence": service.c.sequence + given.c.lines,
    }
    changed = update(service).values(values).where(service.c.id == given.c.id)
    return changed.returning(service.c.id, service.c.number, service.c.sequence, service.c.line)


@cache
def _take(dialect: str) -> Update:
    """Return the statement that gives free services to operations."""
    given = rows(dialect, TAKE)
    is_free = and_(service.c.holder.is_(None), service.c.state == given.c.state)
    taken = update(service).values(holder=given.c.operation)
    return taken.where(service.c.id == given.c.id, is_free).returning(service.c.holder)
