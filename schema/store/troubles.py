"""What a platform refused or left unanswered last, for each operation: the evidence that its ticket shows (CO-12)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Insert, Row, case, select
from sqlalchemy.dialects import postgresql, sqlite

from schema.command import rfc3339
from schema.store.dialect import POSTGRESQL
from schema.store.moments import moment
from schema.store.transaction import Transaction
from schema.tables import trouble


@dataclass(frozen=True, slots=True)
class Trouble:
    """A try of a step that failed, the last of so many in a row; `request_id` is the platform's name for the call."""

    step: str
    tries: int
    said: str
    request_id: str | None = None


def note_troubles(transaction: Transaction, troubles: Sequence[tuple[int, Trouble]]) -> None:
    """Keep the newest trouble of each operation, and since when its step has had it."""
    if not troubles:
        return
    values = [
        {
            "operation_id": key,
            "step": each.step,
            "said": each.said,
            "request_id": each.request_id,
            "tries": each.tries,
            "first_at": transaction.now,
            "last_at": transaction.now,
        }
        for key, each in troubles
    ]
    transaction.connection.execute(_put(transaction.dialect), values)


def evidence(transaction: Transaction, operations: Collection[int]) -> dict[int, str]:
    """Return what a ticket says about the troubles of operations, for those that had any."""
    if not operations:
        return {}
    query = select(trouble).where(trouble.c.operation_id.in_(operations))
    return {row.operation_id: _told(row) for row in transaction.connection.execute(query)}


def _told(row: Row[Any]) -> str:
    """Return one trouble as lines of a ticket."""
    first, last = rfc3339(moment(row.first_at)), rfc3339(moment(row.last_at))
    when = f"at {last}" if row.tries == 1 else f"from {first} to {last}"
    lines = [f"Last error: {row.said}", f"Tries:      {row.tries} of {row.step}, {when}"]
    if row.request_id:
        lines.append(f"Request:    {row.request_id} (the platform's id of the last call)")
    return "\n".join(lines)


@cache
def _put(dialect: str) -> Insert:
    """Return the statement that replaces a trouble; the first of several in a row stays the first."""
    kind = postgresql.insert if dialect == POSTGRESQL else sqlite.insert
    put = kind(trouble)
    given = put.excluded
    is_next = (given.tries > 1) & (given.step == trouble.c.step)
    first_at = case((is_next, trouble.c.first_at), else_=given.first_at)
    newest = {name: given[name] for name in ("step", "said", "request_id", "tries", "last_at")}
    values = {**newest, "first_at": first_at}
    return put.on_conflict_do_update(index_elements=["operation_id"], set_=values)
