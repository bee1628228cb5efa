"""Pausing a product: what is asked of it is accepted and kept, and nobody claims it; deadlines go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from schema.store.moments import moment
from schema.store.transaction import Transaction
from schema.tables import paused
from schema.views import Paused


@dataclass(frozen=True, slots=True)
class Pause:
    """Let nobody claim a product's operations; answered whether that is new."""

    product: str
    actor: str
    why: str | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Pause"]) -> list[bool]:
        """Pause each; who was first stays named."""
        return [_pause(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a product's operations be claimed again; answered whether it was paused."""

    product: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Resume"]) -> list[bool]:
        """Resume each; what is due meanwhile is offered by the waker."""
        gone = [delete(paused).where(paused.c.product == record.product) for record in records]
        found = [
            transaction.connection.execute(each.returning(paused.c.product)).first()
            for each in gone
        ]
        return [row is not None for row in found]


def paused_products(connection: Connection) -> dict[str, Paused]:
    """Return the products that are paused, with since when, by whom and why."""
    return {
        row.product: Paused(since=moment(row.since), by=row.by, why=row.why)
        for row in connection.execute(select(paused).order_by(paused.c.product))
    }


def is_active(product: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition that a column names a product which is not paused."""
    return product.not_in(select(paused.c.product))


def _pause(transaction: Transaction, record: Pause) -> bool:
    """Pause one product."""
    run = transaction.connection.execute
    if run(select(paused.c.product).where(paused.c.product == record.product)).first():
        return False
    values = {"product": record.product, "since": transaction.now}
    run(insert(paused).values(**values, by=record.actor, why=record.why))
    return True
