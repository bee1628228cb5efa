"""What another system's desk says of our tickets: its own number and state, the newest wins."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from schema.command import rfc3339
from schema.store.dialect import locked
from schema.store.moments import moment
from schema.store.transaction import Transaction
from schema.tables import ticket


@dataclass(frozen=True, slots=True)
class Remote:
    """A ticket over there: its number, its state, where it can be seen, and since when; None is now."""

    number: str
    state: str
    url: str | None = None
    at: datetime | None = None

    def stored(self, now: int) -> str:
        """Return it as it is kept."""
        at = rfc3339(self.at or moment(now))
        return json.dumps({"number": self.number, "state": self.state, "url": self.url, "at": at})


@dataclass(frozen=True, slots=True)
class DeskSaid:
    """Keep what a desk says of a ticket; answered False where something newer is known, None for no such ticket."""

    ticket: int
    remote: Remote

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["DeskSaid"]) -> list["bool | None"]:
        """Keep each in turn; desks say little."""
        return [_keep(transaction, record) for record in records]


def _keep(transaction: Transaction, record: DeskSaid) -> bool | None:
    """Keep one, unless it is old."""
    query = select(ticket.c.remote).where(ticket.c.id == record.ticket)
    found = transaction.connection.execute(
        locked(transaction.dialect, query, ticket, skip=False)
    ).one_or_none()
    if found is None:
        return None
    known = datetime.fromisoformat(json.loads(found.remote)["at"]) if found.remote else None
    if known and (record.remote.at or moment(transaction.now)) < known:
        return False
    kept = update(ticket).where(ticket.c.id == record.ticket)
    transaction.connection.execute(kept.values(remote=record.remote.stored(transaction.now)))
    return True
