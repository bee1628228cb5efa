"""Telephone numbers: one inventory over all products, each with one service at most (CO-11, BU-14)."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schema.store.dialect import POSTGRESQL, locked
from schema.store.possessions import Taker
from schema.store.transaction import Rows, Transaction
from schema.tables import FAR, holding, number

NUMBER = ("e164", "customer", "site", "service_id", "operation_id")
HOLDING = ("e164", "service_id", "held_from", "held_until")


def set_numbers(transaction: Transaction, customer: str, sites: Mapping[str, str]) -> None:
    """Store which numbers a customer has, at which sites.

    One that is not his any more goes once no service has it; one that another customer has stays with that one.
    """
    run = transaction.connection.execute
    gone = (number.c.customer == customer) & number.c.e164.not_in(list(sites))
    run(delete(number).where(gone, number.c.service_id.is_(None)))
    run(update(number).where(gone).values(site=None))
    kind = postgresql.insert if transaction.dialect == POSTGRESQL else sqlite.insert
    for e164, site in sorted(sites.items()):
        put = kind(number).values(e164=e164, customer=customer, site=site)
        is_his = number.c.customer == put.excluded.customer
        put = put.on_conflict_do_update(index_elements=["e164"], set_={"site": site}, where=is_his)
        run(put)


def known_numbers(transaction: Transaction, wanted: Iterable[str]) -> dict[str, Row[Any]]:
    """Return those of these numbers that somebody has, which nobody else can take until the transaction ends."""
    numbers = sorted(wanted)
    if not numbers:
        return {}
    query = select(number).where(number.c.e164.in_(numbers)).order_by(number.c.e164)
    found = transaction.connection.execute(locked(transaction.dialect, query, number, skip=False))
    return {row.e164: row for row in found}


def take_numbers(transaction: Transaction, taken: Mapping[str, Taker]) -> None:
    """Give numbers that `known_numbers` holds to services."""
    values = [
        {"of_number": e164, "taken_by": service, "for_operation": operation}
        for e164, (service, operation) in sorted(taken.items())
    ]
    if values:
        transaction.connection.execute(_TAKE, values)


def held_numbers(transaction: Transaction, taken: Mapping[str, Taker]) -> Rows:
    """Return the rows that say whose these numbers are from now on: whose a call was is asked long after (ML-10)."""
    values = [(e164, key, transaction.now, FAR) for e164, (key, _) in sorted(taken.items())]
    return holding, HOLDING, values


def free_numbers(transaction: Transaction, services: Sequence[int]) -> None:
    """Take the numbers of services back."""
    _free(transaction, number.c.service_id.in_(services))


def keep_new_numbers(
    transaction: Transaction, ended: Mapping[int, int], reached_otherwise: AbstractSet[int]
) -> None:
    """Free what services had before these operations (of these services) gave them other numbers, or none."""
    mine = _taken_by(ended)
    given = set(transaction.connection.execute(select(number.c.service_id).where(mine)).scalars())
    if given or reached_otherwise:
        _free(
            transaction,
            number.c.service_id.in_(given | reached_otherwise) & number.c.operation_id.is_(None),
        )
        transaction.connection.execute(update(number).where(mine).values(operation_id=None))


def give_numbers_back(transaction: Transaction, ended: Mapping[int, int]) -> None:
    """Free what these operations (of these services) took and do not keep."""
    _free(transaction, _taken_by(ended))


def _taken_by(ended: Mapping[int, int]) -> ColumnElement[bool]:
    """Return whether a number was taken by one of these operations, found by their services."""
    return number.c.service_id.in_(ended.values()) & number.c.operation_id.in_(ended)


def _free(transaction: Transaction, which: ColumnElement[bool]) -> None:
    """Free numbers; one that its customer has lost meanwhile is nobody's now."""
    run = transaction.connection.execute
    freed = select(number.c.e164).where(which)
    held = holding.c.e164.in_(freed) & (holding.c.held_until == FAR)
    # What was held for no time says nothing, and would be in the way of who takes it again at this moment.
    run(delete(holding).where(held, holding.c.held_from == transaction.now))
    run(update(holding).where(held).values(held_until=transaction.now))
    run(delete(number).where(which, number.c.site.is_(None)))
    run(update(number).where(which).values(service_id=None, operation_id=None))


_TAKE = (
    update(number)
    .where(number.c.e164 == bindparam("of_number"))
    .values(service_id=bindparam("taken_by"), operation_id=bindparam("for_operation"))
)
