"""What a person asks of one operation finds it here: its row, held until the transaction ends, and changed by hand."""

from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, update

from schema.errors import Refusal
from schema.ids import public_id
from schema.store.dialect import locked
from schema.store.transaction import Line, Transaction, Written
from schema.tables import OPERATION, operation


def held_operation(transaction: Transaction, key: int) -> Row[Any] | Refusal:
    """Return the row of an operation, which nobody else can change meanwhile, or that there is none."""
    found = transaction.connection.execute(_operation(transaction.dialect), {"id": key})
    missing = f"there is no operation {public_id('op', key)}"
    return found.one_or_none() or Refusal("no_such_operation", 404, missing)


def change_operation(
    transaction: Transaction, found: Row[Any], line: Line, values: dict[str, Any]
) -> None:
    """Change the row of an operation, and write the line that says so."""
    number, sequence = found.number + 1, found.sequence + (1 if line.event else 0)
    changed = update(operation).where(operation.c.id == found.id)
    transaction.connection.execute(changed.values(**values, number=number, sequence=sequence))
    transaction.write_history([Written(OPERATION, found.id, number, sequence, (line,))])


@cache
def _operation(dialect: str) -> Select[Any]:
    """Return the query that holds an operation's row."""
    query = select(operation).where(operation.c.id == bindparam("id"))
    return locked(dialect, query, operation, skip=False)
