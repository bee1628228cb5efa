"""What only one service has at a time, and places of which there are only so many (CO-11, SD-4, SD-6, BU-3).

The unique key decides between two at once: the second repeats its transaction, and finds what the first has taken.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, delete, select, tuple_, update

from schema.store.dialect import rows
from schema.store.transaction import Rows, Transaction
from schema.tables import possession, service

POSSESSION = ("kind", "scope", "name", "service_id", "operation_id")

#: Kind, scope and name of a thing; kind and scope of places.
Name = tuple[str, str, str]
Scope = tuple[str, str]

#: Who took a thing or a number: a service, and the operation that may yet give it back.
Taker = tuple[int, int | None]


def known_things(transaction: Transaction, names: Iterable[Name]) -> dict[Name, Taker]:
    """Return who has which of these things."""
    return _known(transaction, ("kind", "scope", "name"), sorted(set(names)))


def known_places(transaction: Transaction, scopes: Iterable[Scope]) -> dict[Name, Taker]:
    """Return who has which place in these scopes."""
    return _known(transaction, ("kind", "scope"), sorted(set(scopes)))


def holders_of(transaction: Transaction, kind: str, scope: str) -> list[str]:
    """Return the references of the services that have something of a kind in a scope."""
    query = select(service.c.reference).join(possession, possession.c.service_id == service.c.id)
    query = query.where(possession.c.kind == kind, possession.c.scope == scope)
    return sorted(set(transaction.connection.execute(query).scalars()))


def taken_possessions(taken: Sequence[tuple[str, str, str, int, int | None]]) -> Rows:
    """Return the rows for things: kind, scope, name, service, and the operation that may yet give it back."""
    return possession, POSSESSION, sorted(taken, key=lambda each: each[:3])


def keep_new_possessions(
    transaction: Transaction, ended: Mapping[int, int]
) -> set[tuple[int, str]]:
    """Free what services had, of the kinds that these operations (of these services) took; return which kinds."""
    run = transaction.connection.execute
    mine = _taken_by(ended)
    kind = (possession.c.service_id, possession.c.kind)
    given = {(row.service_id, row.kind) for row in run(select(*kind).where(mine).distinct())}
    if given:
        old = tuple_(*kind).in_(given) & possession.c.operation_id.is_(None)
        run(delete(possession).where(old))
        run(update(possession).where(mine).values(operation_id=None))
    return given


def give_possessions_back(transaction: Transaction, ended: Mapping[int, int]) -> None:
    """Free what these operations (of these services) took and do not keep."""
    transaction.connection.execute(delete(possession).where(_taken_by(ended)))


def free_possessions(transaction: Transaction, services: Sequence[int]) -> None:
    """Free all that services have."""
    run = transaction.connection.execute
    run(delete(possession).where(possession.c.service_id.in_(services)))


def _taken_by(ended: Mapping[int, int]) -> ColumnElement[bool]:
    """Return whether a thing was taken by one of these operations, found by their services."""
    return possession.c.service_id.in_(ended.values()) & possession.c.operation_id.in_(ended)


def _known(
    transaction: Transaction, columns: tuple[str, ...], wanted: Sequence[Sequence[str]]
) -> dict[Name, Taker]:
    """Return who has what of these, by the columns that they name."""
    if not wanted:
        return {}
    found = transaction.run(_possessions(transaction.dialect, columns), columns, wanted)
    return {(row.kind, row.scope, row.name): (row.service_id, row.operation_id) for row in found}


@cache
def _possessions(dialect: str, columns: tuple[str, ...]) -> Select[Any]:
    """Return the query for what is had, by some of the columns of the key."""
    given = rows(dialect, dict.fromkeys(columns, Text()))
    query = select(possession).select_from(given)
    for name in columns:
        query = query.where(possession.c[name] == given.c[name])
    return query
