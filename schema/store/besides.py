"""Services that come to be beside another one, such as a device's workspace: they go where that never is (CO-10)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, tuple_, update

from schema.lifecycle import DELETED
from schema.store.dialect import locked
from schema.store.transaction import Line, Transaction, Written
from schema.tables import SERVICE, operation, possession, service


def has_beside(maker: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether something stands or falls with a service."""
    made = service.alias("made")
    return exists().where(made.c.made_beside == maker)


def keep_besides(transaction: Transaction, services: Sequence[int]) -> None:
    """Let what was made beside services, or what they stand in, stand by itself: they have come to be."""
    run = transaction.connection.execute
    has = run(
        select(possession.c.scope, possession.c.kind).where(possession.c.service_id.in_(services))
    )
    rooms = sorted({(*row.scope.partition("/")[::2], row.kind) for row in has})
    named = tuple_(service.c.customer, service.c.reference, service.c.state)
    for mine in (service.c.made_beside.in_(services), named.in_(rooms)):
        free = update(service).where(service.c.made_beside.is_not(None), mine)
        run(free.values(made_beside=None))


def drop_besides(transaction: Transaction, services: Sequence[int]) -> list[int]:
    """Delete what was made beside services that are deleted now; return it.

    What somebody else has something in goes with him instead, unless he comes to be.
    """
    run = transaction.connection.execute
    made = select(service.c.id).where(service.c.made_beside.in_(services)).order_by(service.c.id)
    # Held before anybody is looked for: who was coming in is in by then.
    held = run(locked(transaction.dialect, made, service, skip=False)).scalars().all()
    if not held:
        return []
    found = run(_with_heirs(held)).all()
    for row in found:  # few are made beside others, and fewer in vain
        if row.heir is None:
            _drop(transaction, row)
        else:
            run(update(service).where(service.c.id == row.id).values(made_beside=row.heir))
    return [row.id for row in found if row.heir is None]


def _with_heirs(made: Sequence[int]) -> Select[Any]:
    """Return the query for what was made beside others: who asked for it, and who has something in it."""
    name = service.c.customer + "/" + service.c.reference
    place = (possession.c.scope == name) & (possession.c.kind == service.c.state)
    heir = select(func.min(possession.c.service_id)).where(place)
    first = select(func.min(operation.c.id)).where(operation.c.service_id == service.c.made_beside)
    # Who first asked for anything of a service has made it, and what came beside it.
    asked_by = first.correlate(service).scalar_subquery().label("maker")
    query = select(service, asked_by, heir.correlate(service).scalar_subquery().label("heir"))
    return query.where(service.c.id.in_(made)).order_by(service.c.id)


def _drop(transaction: Transaction, row: Row[Any]) -> None:
    """Delete a service that has not come to be."""
    number, sequence = row.number + 1, row.sequence + 1
    values = {"state": DELETED, "number": number, "sequence": sequence, "made_beside": None}
    transaction.connection.execute(update(service).where(service.c.id == row.id).values(values))
    line = Line("moved", "worker", "never_active", row.state, DELETED, event="service_changed")
    transaction.write_history([Written(SERVICE, row.id, number, sequence, (line,), row.maker)])
