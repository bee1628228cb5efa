"""Whom a signal is about: the operation that it names, or the service that the platform knows under its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, func, select

from schema.errors import NotFound
from schema.ids import key_of
from schema.store.dialect import rows
from schema.store.transaction import Transaction
from schema.tables import clock, operation, service


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a signal is about, as far as that is known."""

    operation: int | None = None
    service: int | None = None


#: How a signal names what it is about: product, our reference, the platform's id.
Names = tuple[str, str | None, str | None]


def owners_of(transaction: Transaction, told: Sequence[Names]) -> list[Owner]:
    """Return the operation that each signal is for: the one it names, else who is at work on its service."""
    ours = transaction.connection.execute(select(clock.c.installation)).scalar_one()
    named = [_referred(reference, ours) for _, reference, _ in told]
    query = select(operation.c.id, operation.c.product, operation.c.service_id).where(
        operation.c.id.in_([key for key in named if key])
    )
    known = {row.id: row for row in transaction.connection.execute(query)}
    held = sorted({(product, platform_id) for product, _, platform_id in told if platform_id})
    names = ("product", "platform_id")
    found = transaction.run(_by_platform(transaction.dialect), names, held) if held else []
    by_platform = {(row.product, row.platform_id): Owner(row.at_work, row.id) for row in found}
    return [
        Owner(key, known[key].service_id)
        if key and key in known and known[key].product == product
        else by_platform.get((product, platform_id or ""), Owner())
        for key, (product, _, platform_id) in zip(named, told, strict=True)
    ]


def at_work() -> ColumnElement[int]:
    """Return who is told what a platform says of a service: who began on it first, or else holds it.

    Who came later came past a wait that let him through: it is the one that waits who is told something.
    """
    waiting = (operation.c.service_id == service.c.id) & operation.c.ended_at.is_(None)
    oldest = select(func.min(operation.c.id)).where(waiting, operation.c.state != "accepted")
    return func.coalesce(oldest.correlate(service).scalar_subquery(), service.c.holder)


def _referred(reference: str | None, ours: str) -> int | None:
    """Return the operation that a reference names, if it is one of this installation."""
    named, slash, installation = (reference or "").partition("/")
    if slash and installation != ours:
        return None
    try:
        return key_of("op", named)
    except NotFound:
        return None


@cache
def _by_platform(dialect: str) -> Select[Any]:
    """Return the query for services that platforms know under these ids, and who is told of each."""
    given = rows(dialect, {"product": Text(), "platform_id": Text()})
    same = (service.c.product == given.c.product) & (service.c.platform_id == given.c.platform_id)
    columns = (service.c.product, service.c.platform_id, service.c.id, at_work().label("at_work"))
    return select(*columns).select_from(given).join(service, same)
