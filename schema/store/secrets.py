"""Secrets of services: what platforms gave, sealed before it came here, and how each of them stands (CO-4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from schema.errors import Refusal
from schema.ids import public_id
from schema.store.moments import stored
from schema.store.transaction import Transaction
from schema.tables import secret

SECRET = ("service_id", "operation_id", "name", "sealed", "state", "made_at", "expires_at")


@dataclass(frozen=True, slots=True)
class SecretNote:
    """A new secret of a service, sealed in the context that `context_of` returns."""

    service: int
    name: str
    sealed: str
    expires_at: datetime | None = None


def context_of(service: int, name: str) -> str:
    """Return the context in which a secret of a service is sealed."""
    return f"secret {public_id('svc', service)}#{name}"


def newest_sealed(connection: Connection) -> str | None:
    """Return what was sealed last, whatever has become of it; None while no service has had a secret."""
    newest = select(secret.c.sealed).order_by(secret.c.id.desc()).limit(1)
    return connection.execute(newest).scalar()


def note_secrets(transaction: Transaction, notes: Sequence[tuple[int, SecretNote]]) -> None:
    """Store new secrets of operations; what a service had under the same name is replaced."""
    for _, note in notes:  # few operations make a secret, and few at once
        set_secrets(transaction, [note.service], "replaced", note.name)
    values = [
        (
            note.service,
            operation,
            note.name,
            note.sealed,
            "valid",
            transaction.now,
            stored(note.expires_at) if note.expires_at else None,
        )
        for operation, note in notes
    ]
    transaction.add(secret, SECRET, values)


def set_secrets(
    transaction: Transaction, services: Sequence[int], state: str, name: str | None = None
) -> None:
    """Say that the valid secrets of services, or those of one name, are so no longer."""
    mine = secret.c.service_id.in_(services) & (secret.c.state == "valid")
    if name is not None:
        mine &= secret.c.name == name
    transaction.connection.execute(update(secret).where(mine).values(state=state))


def secret_states(
    transaction: Transaction, services: Sequence[int]
) -> Mapping[int, Mapping[str, str]]:
    """Return how the newest secret of each name stands, by service; one that is too old is `expired`."""
    columns = (secret.c.service_id, secret.c.name, secret.c.state, secret.c.expires_at)
    query = select(*columns).where(secret.c.service_id.in_(services)).order_by(secret.c.id)
    states: dict[int, dict[str, str]] = {}
    if not services:
        return states
    for row in transaction.connection.execute(query):
        state = state_at(row.state, row.expires_at, transaction.now)
        states.setdefault(row.service_id, {})[row.name] = state
    return states


def has_secrets(service: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether a service ever had a secret: most have none, and need not be asked about one."""
    return select(secret.c.id).where(secret.c.service_id == service).exists()


def refuse_secret(transaction: Transaction, service: int, name: str) -> Refusal | None:
    """Return why nothing can be done with a service's secret now, or None where it is valid."""
    state = secret_states(transaction, [service]).get(service, {}).get(name, "missing")
    return None if state == "valid" else not_valid(name, state)


def not_valid(name: str, state: str) -> Refusal:
    """Return the refusal of what needs a secret that stands like this."""
    return Refusal("secret_not_valid", 409, f"the {name} is {state}", facts={"state": state})


def state_at(state: str, expires_at: int | None, now: int) -> str:
    """Return how a secret stands at a time, in stored form."""
    is_over = state == "valid" and expires_at is not None and expires_at <= now
    return "expired" if is_over else state
