"""What an operation in line waits for, where that goes on only once a person has looked at it."""

from sqlalchemy import Connection, select

from schema.ids import key_of
from schema.store.reads import find_operations
from schema.tables import operation, service
from schema.views import Operation


def parked_ahead(connection: Connection, public: str) -> Operation | None:
    """Return the parked operation that holds the service for which `op_...` stands in line, if it is so."""
    mine = (operation.c.id == key_of("op", public)) & operation.c.in_line
    query = select(service.c.holder).join(operation, operation.c.service_id == service.c.id)
    key = connection.execute(query.where(mine)).scalar()
    holder = find_operations(connection, [key]).get(key) if key is not None else None
    return holder if holder and holder.reason == "parked" else None
