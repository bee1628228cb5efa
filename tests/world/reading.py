"""Reads a world's database as it is, row by row."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from schema.store.database import Database
from schema.tables import FAR, OPERATION, SERVICE, delivery, metadata, operation, secret, service

#: A row, by its columns.
Row = dict[str, Any]

#: Counters of all that an operation or service does, and how many secrets and sent mails there are.
_STAMP = select(
    *(
        select(func.coalesce(func.sum(table.c[name]), 0)).scalar_subquery()
        for table, names in (
            (operation, ("id", "turn", "epoch", "number")),
            (service, ("id", "number")),
            (secret, ("id",)),
            (delivery, ("sent_at",)),
        )
        for name in names
    )
)


@dataclass(frozen=True)
class Rows:
    """The rows of a database, as plain dictionaries."""

    database: Database

    def all(self, table: str, **where: Any) -> list[Row]:
        """Return the rows of a table that have these values, by their primary key."""
        found = metadata.tables[table]
        query = select(found).order_by(*found.primary_key.columns)
        for name, value in where.items():
            query = query.where(found.c[name] == value)
        with self.database.look() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def stamp(self) -> tuple[Any, ...]:
        """Return what is never the same again once an operation, service, secret or delivery has changed."""
        with self.database.look() as connection:
            return tuple(connection.execute(_STAMP).one())

    def operation(self, key: int) -> Row:
        """Return the row of an operation."""
        (row,) = self.all("operation", id=key)
        return row

    def service(self, reference: str = "one") -> Row:
        """Return the row of a service."""
        (row,) = self.all("service", reference=reference)
        return row

    def facts(self, reference: str = "one") -> dict[str, Any]:
        """Return what is known of a service."""
        found: dict[str, Any] = json.loads(self.service(reference)["facts"])
        return found

    def due(self, key: int) -> Row:
        """Return the due row of an operation."""
        (row,) = self.all("due", operation_id=key)
        return row

    def tickets(self, key: int) -> list[Row]:
        """Return the tickets of an operation."""
        return self.all("ticket", operation_id=key)

    def comments(self, key: int) -> list[str]:
        """Return what was commented on the tickets of an operation."""
        tickets = {ticket["id"] for ticket in self.tickets(key)}
        return [each["body"] for each in self.all("comment") if each["ticket_id"] in tickets]

    def history(self, key: int) -> list[Row]:
        """Return the history of an operation."""
        return self.all("history", kind=OPERATION, owner=key)

    def story(self, key: int) -> list[str]:
        """Return what happened to an operation, in one word or two a line."""
        return [" ".join(filter(None, (each["what"], each["step"]))) for each in self.history(key)]

    def moves(self, reference: str = "one") -> list[str]:
        """Return the states that a service went through."""
        lines = self.all("history", kind=SERVICE, owner=self.service(reference)["id"])
        return [each["after"] for each in lines]

    def is_waiting_for_ever(self, key: int) -> bool:
        """Return whether an operation is looked at only when somebody tells something."""
        return bool(self.due(key)["wake_at"] == FAR)
