"""Revealing a secret: once, by whoever may, and the service's history says who, when and which (CO-4)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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

_ARE_ASKED = secret.c.id.in_(bindparam("secrets", expanding=True))


@dataclass(frozen=True, slots=True)
class Kept:
    """The newest secret of a name as it is stored, and the context in which it opens."""

    id: int
    name: str
    sealed: str = field(repr=False)
    context: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """Spend the one reveal of each of these secrets, all of different services, or of none.

    Answered with why those are not shown that are not: nothing where all are spent.
    """

    secrets: tuple[int, ...]
    actor: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Reveal"]) -> list[Mapping[int, Refusal]]:
        """Decide about each in turn; few people ask at once."""
        return [_reveal(transaction, record) for record in records]


def kept_secrets(connection: Connection, services: Iterable[int]) -> Mapping[int, list[Kept]]:
    """Return the newest secret of each name that services have, by service."""
    query = select(secret.c.id, secret.c.service_id, secret.c.name, secret.c.sealed)
    query = query.where(secret.c.service_id.in_(services)).order_by(secret.c.id)
    newest = {(row.service_id, row.name): row for row in connection.execute(query)}
    kept: dict[int, list[Kept]] = defaultdict(list)
    for (owner, name), row in newest.items():
        kept[owner].append(Kept(row.id, name, row.sealed, context_of(owner, name)))
    return kept


def _reveal(transaction: Transaction, record: Reveal) -> Mapping[int, Refusal]:
    """Spend reveals, while nobody else can change the rows of their services."""
    run, wanted = transaction.connection.execute, {"secrets": record.secrets}
    owners = run(_services(transaction.dialect), wanted).all()
    if refusals := _refusals(transaction, record, owners):
        return refusals
    spent = update(secret).where(_ARE_ASKED)
    run(spent.values(revealed_at=transaction.now, revealed_by=record.actor), wanted)
    mine = update(service).where(service.c.id.in_([each.id for each in owners]))
    run(mine.values(number=service.c.number + 1))
    transaction.write_history(
        Written(
            SERVICE,
            each.id,
            each.number + 1,
            each.sequence,
            (Line("revealed", record.actor, each.name),),
        )
        for each in owners
    )
    return {}


def _refusals(
    transaction: Transaction, record: Reveal, owners: Sequence[Row[Any]]
) -> dict[int, Refusal]:
    """Return why secrets are not shown, for those that are not; one that is gone has no owner."""
    query, wanted = select(secret).where(_ARE_ASKED), {"secrets": record.secrets}
    # Read now that their services are held: what came with the lock may be older than who held it before.
    rows = {row.id: row for row in transaction.connection.execute(query, wanted)}
    gone = set(record.secrets) - {owner.secret_id for owner in owners}
    missing = Refusal("no_such_secret", 404, "the secret is gone")
    return dict.fromkeys(gone, missing) | {
        owner.secret_id: _advised(transaction, owner, why)
        for owner in owners
        if (why := _refusal(transaction, rows[owner.secret_id]))
    }


def _refusal(transaction: Transaction, row: Row[Any]) -> Refusal | None:
    """Return why a secret is not shown, or None where it is."""
    if row.revealed_at is not None:
        told = rfc3339(moment(row.revealed_at))
        detail = f"{row.revealed_by} was shown the {row.name} at {told}; it is shown once"
        facts = {"revealed_at": told, "revealed_by": row.revealed_by}
        return Refusal("already_revealed", 409, detail, facts=facts)
    state = state_at(row.state, row.expires_at, transaction.now)
    return None if state == "valid" else not_valid(row.name, state)


def _advised(transaction: Transaction, owner: Row[Any], refusal: Refusal) -> Refusal:
    """Return why a secret is not shown with the verb that makes a new one, where that may be asked now."""
    product = transaction.products.get(owner.product)
    verb = product.renewed_by.get(owner.name) if product else None
    if product is None or verb not in product.allowed(owner.state):
        return refusal
    return replace(refusal, detail=f"{refusal.detail}; {verb} makes a new one")


@cache
def _services(dialect: str) -> Select[Any]:
    """Return the query that holds the rows of the services of secrets."""
    owner = (service.c.id, service.c.number, service.c.sequence, service.c.product, service.c.state)
    query = select(*owner, secret.c.name, secret.c.id.label("secret_id"))
    query = query.join(secret, secret.c.service_id == service.c.id).where(_ARE_ASKED)
    return locked(dialect, query.order_by(service.c.id), service, skip=False)
