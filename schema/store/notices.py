"""Notices: what a look at an operation wants people told, stored with what became of it, each once for ever."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.dialects import postgresql, sqlite

from schema.store.deliveries import MAIL
from schema.store.dialect import POSTGRESQL
from schema.store.transaction import Transaction
from schema.tables import delivery


@dataclass(frozen=True, slots=True)
class NoticeNote:
    """One message to one address; `cause` is unique for ever, `facts` is JSON without a secret."""

    service: int
    cause: str
    template: str
    recipient: str
    language: str
    facts: str
    channel: str = MAIL


def note_notices(transaction: Transaction, notes: Sequence[tuple[int, NoticeNote]]) -> None:
    """Store the notices of operations, to be sent now; one whose cause is known is stored already."""
    if not notes:
        return
    kind = postgresql.insert if transaction.dialect == POSTGRESQL else sqlite.insert
    values = [
        {
            "channel": note.channel,
            "cause": note.cause,
            "operation_id": operation,
            "service_id": note.service,
            "template": note.template,
            "recipient": note.recipient,
            "language": note.language,
            "facts": note.facts,
            "state": "waiting",
            "due_at": transaction.now,
        }
        for operation, note in notes
    ]
    put = kind(delivery).values(values).on_conflict_do_nothing(index_elements=["cause"])
    transaction.connection.execute(put)
