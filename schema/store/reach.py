"""Whose things somebody may read and ask for, as a condition of a query (CO-7, CP-10)."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from schema.asker import Asker, may
from schema.store.customers import find_customer
from schema.tables import partnership


def reached(asker: Asker, customer: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that a column names a customer whom somebody reaches; none for an operator."""
    match asker.role:
        case "operator":
            return []
        case "admin":
            return [customer == asker.customer]
        case "partner":
            mine = select(partnership.c.customer).where(partnership.c.partner == asker.customer)
            return [customer.in_(mine)]


def reaches(connection: Connection, asker: Asker, customer: str) -> bool:
    """Return whether somebody may read and ask for what belongs to a customer."""
    if asker.role == "operator":
        return True
    record = find_customer(connection, customer)
    return record is not None and may(asker, record, customer)
