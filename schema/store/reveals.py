"""Revealing a secret: once, by whoever may, and the service's history says who, when and which (CO-4)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from schema.command import rfc3339
from schema.errors import Refusal
from schema.store.dialect import locked
from schema.store.moments import moment
from schema.store.secrets import context_of, not_valid, state_at
from schema.store.transaction import Line, Transaction, Written
from schema.tables import SERVICE, secret, service


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest secret of a name as it is stored, and the context in which it opens."""

    id: int
    name: str
    sealed: str = field(repr=False)
    context: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Spend the one reveal of a secret; answered True, or with why it is not shown."""

    secret: int
    actor: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Reveal"]) -> list[bool | Refusal]:
        """Decide about each in turn; people ask for one at a time."""
        return [_reveal(transaction, record) for record in records]


def kept_secrets(connection: Connection, service_id: int) -> list[Kept]:
    """Return the newest secret of each name that a service has."""
    query = select(secret.c.id, secret.c.name, secret.c.sealed)
    query = query.where(secret.c.service_id == service_id).order_by(secret.c.id)
    newest = {row.name: row for row in connection.execute(query)}
    return [
        Kept(row.id, name, row.sealed, context_of(service_id, name)) for name, row in newest.items()
    ]


def _reveal(transaction: Transaction, record: Reveal) -> bool | Refusal:
    """Spend one reveal, whose service's row nobody else can change meanwhile."""
    run = transaction.connection.execute
    owner = run(_service(transaction.dialect), {"secret": record.secret}).one()
    row = run(select(secret).where(secret.c.id == record.secret)).one()
    if refusal := _refusal(transaction, row):
        return refusal
    spent = update(secret).where(secret.c.id == record.secret)
    run(spent.values(revealed_at=transaction.now, revealed_by=record.actor))
    number = owner.number + 1
    run(update(service).where(service.c.id == owner.id).values(number=number))
    line = Line("revealed", record.actor, row.name)
    transaction.write_history([Written(SERVICE, owner.id, number, owner.sequence, (line,))])
    return True


def _refusal(transaction: Transaction, row: Row[Any]) -> Refusal | None:
    """Return why a secret is not shown, or None where it is."""
    if row.revealed_at is not None:
        told = rfc3339(moment(row.revealed_at))
        detail = f"{row.revealed_by} was shown the {row.name} at {told}; it is shown once"
        facts = {"revealed_at": told, "revealed_by": row.revealed_by}
        return Refusal("already_revealed", 409, detail, facts=facts)
    state = state_at(row.state, row.expires_at, transaction.now)
    return None if state == "valid" else not_valid(row.name, state)


@cache
def _service(dialect: str) -> Select[Any]:
    """Return the query that holds the row of a secret's service."""
    columns = (service.c.id, service.c.number, service.c.sequence)
    query = select(*columns).join(secret, secret.c.service_id == service.c.id)
    return locked(dialect, query.where(secret.c.id == bindparam("secret")), service, skip=False)
