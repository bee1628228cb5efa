"""How far everything is, by customer, in one query."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from schema.tables import OVERDUE, operation, service, ticket


@dataclass(frozen=True, slots=True)
class Tally:
    """A customer's operations: all, ended, waiting, late at some time; and his open tickets."""

    customer: str
    accepted: int
    ended: int
    waiting: int
    late: int
    tickets: int


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
