"""API keys: who may ask over HTTP, as a hash of each token; the token itself is shown once and stored nowhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from schema.asker import ANYBODY, Asker, Role
from schema.errors import Refusal
from schema.store.customers import find_customer
from schema.store.moments import moment, moment_or_none
from schema.store.near_names import near_customers, unknown_customer
from schema.store.transaction import Transaction
from schema.tables import api_key
from schema.views import ApiKey

#: What the name of a key begins with that binds a user of the broker; it opens nothing over HTTP.
OF_BROKER = "amqp:"


@dataclass(frozen=True, slots=True)
class AddKey:
    """Let somebody ask over HTTP; answered with the name, which is never used again, or why not."""

    name: str
    hash: str
    role: Role
    customer: str | None = None

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["AddKey"]) -> list[str | Refusal]:
        """Add each; people make them one at a time."""
        return [_add(transaction, record) for record in records]


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Let a key open nothing any more; answered with its name, or that there is none."""

    name: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["RevokeKey"]) -> list[str | Refusal]:
        """Revoke each; one that is revoked already stays as it is."""
        return [_revoke(transaction, record) for record in records]


def list_keys(connection: Connection) -> list[ApiKey]:
    """Return all keys, also revoked ones, oldest first."""
    return [
        ApiKey(
            name=row.name,
            role=row.role,
            customer=row.customer,
            created_at=moment(row.created_at),
            revoked_at=moment_or_none(row.revoked_at),
        )
        for row in connection.execute(select(api_key).order_by(api_key.c.id))
    ]


def known_keys(connection: Connection) -> Mapping[str, Asker] | None:
    """Return who asks by the hash of his token; None where there never was a key.

    A revoked key still counts as one: revoking the last must not open the door to everybody.
    """
    rows = connection.execute(select(api_key).where(~api_key.c.name.startswith(OF_BROKER))).all()
    if not rows:
        return None
    return {
        row.hash: Asker(f"key:{row.name}", row.role, row.customer, is_proven=True)
        for row in rows
        if row.revoked_at is None
    }


def known_users(connection: Connection) -> Mapping[str, Asker | None]:
    """Return as whom the broker's users ask whom a key is bound to, None where that was revoked."""
    rows = connection.execute(select(api_key).where(api_key.c.name.startswith(OF_BROKER)))
    return {
        row.name.removeprefix(OF_BROKER): None
        if row.revoked_at is not None
        else Asker(row.name, row.role, row.customer, is_proven=True)
        for row in rows
    }


def _add(transaction: Transaction, record: AddKey) -> str | Refusal:
    """Add one key."""
    run, connection = transaction.connection.execute, transaction.connection
    if run(select(api_key.c.id).where(api_key.c.name == record.name)).first():
        return Refusal("name_taken", 409, f"there is a key {record.name} already; names stay taken")
    is_known = record.customer is not None and find_customer(connection, record.customer)
    if record.role == "admin" and not is_known:
        name = record.customer or ""
        return unknown_customer(name, near_customers(connection, ANYBODY, name), ("/customer", ""))
    values = {"name": record.name, "hash": record.hash, "role": record.role}
    about = {"customer": record.customer, "created_at": transaction.now}
    run(insert(api_key).values(**values, **about))
    return record.name


def _revoke(transaction: Transaction, record: RevokeKey) -> str | Refusal:
    """Revoke one key."""
    run = transaction.connection.execute
    mine = api_key.c.name == record.name
    if not run(select(api_key.c.id).where(mine)).first():
        return Refusal("no_such_key", 404, f"there is no key {record.name}")
    run(
        update(api_key)
        .where(mine, api_key.c.revoked_at.is_(None))
        .values(revoked_at=transaction.now)
    )
    return record.name
