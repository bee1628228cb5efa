"""How far everything is: by customer, and what has not ended, each in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from schema.store.moments import moment_or_none
from schema.tables import OVERDUE, due, operation, service, ticket


@dataclass(frozen=True, slots=True)
class Tally:
    """A customer's operations: all, ended, waiting, late at some time; and his open tickets."""

    customer: str
    accepted: int
    ended: int
    waiting: int
    late: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Left:
    """How many operations have not ended, how many of them nobody was told about, and when the last ticket came."""

    operations: int
    without_ticket: int
    last_ticket: datetime | None


def left(connection: Connection) -> Left:
    """Return what has not ended; the cost grows with that and with nothing else."""
    found, told, opened_at = connection.execute(_LEFT).one()
    return Left(found, found - told, moment_or_none(opened_at))


def tally(connection: Connection) -> Sequence[Tally]:
    """Return the tally of every customer who has operations, the first to have one first."""
    return [Tally(*row) for row in connection.execute(_TALLY)]


_TALLY = (
    select(
        service.c.customer,
        func.count(),
        func.count().filter(operation.c.ended_at.is_not(None)),
        func.count().filter(operation.c.state == "waiting"),
        func.count().filter(operation.c.told == OVERDUE),
        func.count().filter(ticket.c.state == "open"),
    )
    .select_from(operation)
    .join(service, service.c.id == operation.c.service_id)
    .outerjoin(ticket, ticket.c.id == operation.c.ticket)
    .group_by(service.c.customer)
    .order_by(func.min(operation.c.id))
)

_LEFT = (
    select(func.count(), func.count(ticket.c.id), func.max(ticket.c.opened_at))
    .select_from(due)
    .join(operation, operation.c.id == due.c.operation_id)
    .outerjoin(ticket, ticket.c.id == operation.c.ticket)
)
