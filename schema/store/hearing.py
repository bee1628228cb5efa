"""What a platform tells about a service moves it when it is stored, with or without an operation (ML-6).

It has to be about what the service is now (`Product.heard_of`, such as its profile), and newer than the last that was
applied; else it is kept in the service's history and changes nothing. Whoever is under way on the service is told.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update

from schema.lifecycle import DELETED, Product
from schema.store.dialect import locked
from schema.store.moments import stored
from schema.store.secrets import set_secrets
from schema.store.taking import give_back
from schema.store.transaction import Line, Transaction, Written
from schema.tables import SERVICE, operation, service


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that a platform told about a service, or that comes from elsewhere and has no place in its order."""

    service: int
    kind: str
    facts: Mapping[str, Any]
    at: datetime
    is_ordered: bool = True

    def sequence(self) -> int:
        """Return the platform's own number of it, or its time where it numbers nothing."""
        told = self.facts.get("sequence")
        return told if isinstance(told, int) else stored(self.at)


def hear(transaction: Transaction, heard: Sequence[Heard]) -> list[bool]:
    """Apply what was heard in turn; return which of it was."""
    return [_hear(transaction, each) for each in heard]


def to_be_told(transaction: Transaction, services: Sequence[int]) -> list[tuple[int, int]]:
    """Return what is under way on services, as (service, operation): it has begun, and not ended."""
    query = select(operation.c.service_id, operation.c.id).where(
        operation.c.service_id.in_(services),
        operation.c.ended_at.is_(None),
        operation.c.state != "accepted",
    )
    found = transaction.connection.execute(query.order_by(operation.c.id))
    return [(row.service_id, row.id) for row in found]


def _hear(transaction: Transaction, heard: Heard) -> bool:
    """Move one service, or say in its history why not."""
    row = transaction.connection.execute(
        whole_service(transaction.dialect), {"id": heard.service}
    ).one()
    product = transaction.products[row.product]
    facts = json.loads(row.facts)
    subject = _subject(product, facts)
    refusal = _refusal(product, row, heard)
    after = None if refusal else product.hears[heard.kind].get(row.state)
    why = f"{heard.kind}: {refusal}" if refusal else heard.kind
    line = Line("heard", "platform", why, row.state, row.state)
    if after and after != row.state:
        line = Line("moved", "platform", heard.kind, row.state, after, event="service_changed")
    number, sequence = row.number + 1, row.sequence + (1 if line.event else 0)
    values = {"state": line.after, "number": number, "sequence": sequence}
    if heard.is_ordered and not refusal:
        values["heard"] = f"{subject} {heard.sequence()}"
    if learned := product.learns and not refusal and product.learns(heard.kind, heard.facts):
        values["facts"] = json.dumps({**facts, **learned})
    changed = update(service).where(service.c.id == heard.service).values(**values)
    transaction.connection.execute(changed)
    transaction.write_history([Written(SERVICE, heard.service, number, sequence, (line,))])
    if not refusal:
        _set_secret(transaction, product, heard)
    if line.event and line.after == DELETED:
        give_back(transaction, [heard.service])
    return refusal is None


def _set_secret(transaction: Transaction, product: Product, heard: Heard) -> None:
    """Say of the secret that a kind is about that it is used, or works no more."""
    for state, secrets in (("used", product.uses), ("expired", product.expires)):
        if name := secrets.get(heard.kind):
            set_secrets(transaction, [heard.service], state, name)


def _refusal(product: Product, row: Row[Any], heard: Heard) -> str | None:
    """Return why what was heard changes nothing, if so."""
    subject = _subject(product, json.loads(row.facts))
    if row.state == DELETED:
        return "the service is deleted"
    if _subject(product, heard.facts) != subject:
        return f"it is about another {product.heard_of}"
    last_subject, _, last = (row.heard or "").rpartition(" ")
    if heard.is_ordered and last and last_subject == subject and heard.sequence() <= int(last):
        return "something newer is known"
    return None


def _subject(product: Product, facts: Mapping[str, Any]) -> str:
    """Return what facts are about, as far as the product tells it apart."""
    return str(facts.get(product.heard_of)) if product.heard_of else ""


@cache
def whole_service(dialect: str) -> Select[Any]:
    """Return the query that holds a service's row."""
    query = select(service).where(service.c.id == bindparam("id"))
    return locked(dialect, query, service, skip=False)
