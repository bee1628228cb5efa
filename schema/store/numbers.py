"""Telephone numbers: one inventory over all products, each with one service at most (CO-11, BU-14)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from schema.store.dialect import POSTGRESQL, locked
from schema.store.transaction import Transaction
from schema.tables import FAR, holding, number

NUMBER = ("e164", "customer", "site", "service_id")
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


def take_numbers(transaction: Transaction, taken: Mapping[str, int]) -> None:
    """Give numbers that `known_numbers` holds to services."""
    values = [{"of_number": e164, "taken_by": key} for e164, key in sorted(taken.items())]
    if values:
        transaction.connection.execute(_TAKE, values)


def add_numbers(transaction: Transaction, new: Sequence[tuple[str, str, str | None, int]]) -> None:
    """Add numbers that nobody had: number, customer, site, service."""
    transaction.add(number, NUMBER, new)


def hold_numbers(transaction: Transaction, taken: Mapping[str, int]) -> None:
    """Note which services have these numbers from now on: whose a call was is asked long after (ML-10)."""
    values = [(e164, key, transaction.now, FAR) for e164, key in sorted(taken.items())]
    transaction.add(holding, HOLDING, values)


def free_numbers(transaction: Transaction, services: Sequence[int]) -> None:
    """Take the numbers of services back; one that its customer has lost meanwhile is nobody's now."""
    run = transaction.connection.execute
    mine = number.c.service_id.in_(services)
    run(delete(number).where(mine, number.c.site.is_(None)))
    run(update(number).where(mine).values(service_id=None))
    held = holding.c.service_id.in_(services) & (holding.c.held_until == FAR)
    run(update(holding).where(held).values(held_until=transaction.now))


_TAKE = (
    update(number)
    .where(number.c.e164 == bindparam("of_number"))
    .values(service_id=bindparam("taken_by"))
)
