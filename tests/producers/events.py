"""Events as upstream writes them, and what is done to a service behind the doors' back."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update

from schema.store.database import Database
from schema.tables import due, metadata, operation, service

#: Business time stands here: Friday, 10:00 in Rome.
NOW = datetime(2026, 5, 29, 8, tzinfo=UTC)

Event = dict[str, Any]


def customer(name: str = "acme", version: int = 1, **fields: object) -> Event:
    """A customer's record."""
    data = {"version": version, "name": "Acme", **fields}
    return {**_envelope("turnup.customer.changed", name, f"{name}-{version}"), "data": data}


def activate(identity: str, service_name: str = "acme/pbx-1", **fields: object) -> Event:
    """Bring a telephone system up."""
    data = {"name": "Office", "extensions": 3, **fields}
    return {**_envelope("turnup.cloud_pbx.activate", service_name, identity), "data": data}


def deactivate(identity: str, service_name: str = "acme/pbx-1", **fields: object) -> Event:
    """Switch a telephone system off."""
    return {**_envelope("turnup.cloud_pbx.deactivate", service_name, identity), "data": fields}


def settle(database: Database, state: str) -> None:
    """Let everything that is under way have succeeded, and all services be in a state."""
    with database.writing.begin() as connection:
        connection.execute(update(operation).values(state="succeeded", ended_at=1))
        connection.execute(update(service).values(state=state, holder=None))
        connection.execute(delete(due))


def count(database: Database, table: str) -> int:
    """How many rows a table has."""
    with database.look() as connection:
        found = connection.execute(select(func.count()).select_from(metadata.tables[table]))
        return int(found.scalar_one())


def _envelope(kind: str, subject: str, identity: str) -> Event:
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "crm",
        "type": kind,
        "subject": subject,
    }
