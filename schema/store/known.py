"""What is stored already about the orders of a batch: their customers, their keys, their services."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from schema.customer import Customer
from schema.lifecycle import Product
from schema.store.dialect import locked, rows
from schema.store.transaction import Transaction
from schema.stored import from_store
from schema.tables import command, customer, operation, service


@dataclass(slots=True)
class UnderWay:
    """An operation under way on a service, and whether others may still replace it."""

    key: int
    verb: str
    deadline_at: int
    is_begun: bool = False
    is_waiting: bool = True
    is_leaving: bool = False

    def lets_through(self, product: Product, verb: str) -> bool:
        """Return whether another verb is carried out beside it (CO-8); one of a newer version lets nothing by (I11)."""
        mine = product.verbs.get(self.verb)
        return mine is not None and verb in mine.through

    def gives_way(self, product: Product, verb: str) -> bool:
        """Return whether another verb ends it (CO-8); one that is cancelled already is on its way out."""
        mine = product.verbs.get(self.verb)
        is_replaced = mine is not None and verb in mine.replaced_by
        return is_replaced and (self.is_leaving or self.is_waiting)


@dataclass(slots=True)
class Held:
    """A service, and the operations under way on it."""

    id: int
    product: str
    state: str
    holder: int | None
    facts: str = "{}"
    under_way: list[UnderWay] = field(default_factory=list)


def known_customers(transaction: Transaction, names: Iterable[str]) -> dict[str, Customer]:
    """Return the customers with these names that exist."""
    found = transaction.run(_customers(transaction.dialect), ("name",), ((name,) for name in names))
    return {row.name: customer_of(row.data) for row in found}


def known_commands(
    transaction: Transaction, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], tuple[int, str, str]]:
    """Return the operation, content hash and product of the commands that came before under these keys."""
    found = transaction.run(_commands(transaction.dialect), ("source", "event_id"), keys)
    return {(row.source, row.event_id): (row.id, row.content, row.product) for row in found}


def known_services(
    transaction: Transaction, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Held]:
    """Return the services with these names, locked, each with what is under way on it."""
    found = transaction.run(
        _services(transaction.dialect), ("customer", "reference"), sorted(names)
    )
    under_way = all_under_way(transaction, [row.id for row in found])
    services = {
        row.id: Held(
            row.id, row.product, row.state, row.holder, row.facts, under_way.get(row.id, [])
        )
        for row in found
    }
    return {(row.customer, row.reference): services[row.id] for row in found}


def all_under_way(transaction: Transaction, services: Sequence[int]) -> dict[int, list[UnderWay]]:
    """Return what is under way on services, in order of arrival."""
    found: dict[int, list[UnderWay]] = {}
    if not services:
        return found
    given = {"ids": services, "now": transaction.now}
    for row in transaction.connection.execute(_under_way(), given):
        found.setdefault(row.service_id, []).append(_under_way_as(row))
    return found


@lru_cache(maxsize=4096)
def customer_of(data: str) -> Customer:
    """Return a customer's record, read once for each version."""
    return from_store(Customer, data)


@cache
def _customers(dialect: str) -> Select[Any]:
    """Return the query for customers by their names."""
    asked = rows(dialect, {"name": customer.c.name.type})
    query = select(customer.c.name, customer.c.data)
    return query.select_from(asked).join(customer, customer.c.name == asked.c.name)


@cache
def _commands(dialect: str) -> Select[Any]:
    """Return the query for commands by their keys."""
    asked = rows(dialect, {"source": command.c.source.type, "event_id": command.c.event_id.type})
    same = (command.c.source == asked.c.source) & (command.c.event_id == asked.c.event_id)
    query = select(
        command.c.source, command.c.event_id, command.c.id, command.c.content, operation.c.product
    )
    return (
        query.select_from(asked).join(command, same).join(operation, operation.c.id == command.c.id)
    )


@cache
def _services(dialect: str) -> Select[Any]:
    """Return the query for services by customer and reference, in the order in which rows are locked."""
    asked = rows(
        dialect, {"customer": service.c.customer.type, "reference": service.c.reference.type}
    )
    same = (service.c.customer == asked.c.customer) & (service.c.reference == asked.c.reference)
    columns = (
        service.c.customer,
        service.c.reference,
        service.c.id,
        service.c.product,
        service.c.state,
    )
    query = (
        select(*columns, service.c.holder, service.c.facts).select_from(asked).join(service, same)
    )
    return locked(dialect, query.order_by(service.c.id), service, skip=False)


def _under_way_as(row: Row[Any]) -> UnderWay:
    """Return what a row says; one that is being undone, or cannot go back, does not wait for anybody's word."""
    is_final = row.past_return or row.undoing is not None
    return UnderWay(
        key=row.id,
        verb=row.verb,
        deadline_at=row.deadline_at,
        is_begun=row.state != "accepted",
        is_waiting=row.state in {"accepted", "waiting"} and not is_final,
        is_leaving=row.cancel is not None,
    )


@cache
def _under_way() -> Select[Any]:
    """Return the query for what is under way on services; what starts later is in nobody's way yet (CO-13)."""
    columns = (
        *(operation.c.service_id, operation.c.id, operation.c.verb, operation.c.deadline_at),
        *(operation.c.state, operation.c.past_return, operation.c.undoing, operation.c.cancel),
    )
    has_begun = (operation.c.state != "accepted") | (operation.c.starts_at <= bindparam("now"))
    of_these = operation.c.service_id.in_(bindparam("ids", expanding=True))
    return (
        select(*columns)
        .where(of_these, operation.c.ended_at.is_(None), has_begun)
        .order_by(operation.c.id)
    )
