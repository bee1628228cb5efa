"""Reading what was sent to people for operations."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from schema.ids import key_of, public_id
from schema.masking import masked
from schema.store.deliveries import DESK, SMS
from schema.store.moments import moment, moment_or_none
from schema.tables import delivery, operation
from schema.views import NoticeSent


class SentMessage(NamedTuple):
    """What a short message was sent for: product, operation and template."""

    product: str
    operation: str
    template: str


def sent_message(connection: Connection, cause: str) -> SentMessage | None:
    """Return what the short message of a cause was sent for; None where none was."""
    query = select(operation.c.product, operation.c.id, delivery.c.template)
    query = query.join(operation, operation.c.id == delivery.c.operation_id)
    mine = (delivery.c.cause == cause) & (delivery.c.channel == SMS)
    found = connection.execute(query.where(mine)).one_or_none()
    return SentMessage(found.product, public_id("op", found.id), found.template) if found else None


def unmailed_operations(connection: Connection) -> set[str]:
    """Return the operations `op_...` of which a notice was given up; of a small database."""
    dead = (delivery.c.state == "dead") & (delivery.c.channel != DESK)
    found = connection.execute(select(delivery.c.operation_id).where(dead))
    return {public_id("op", key) for key in found.scalars()}


def operation_notices(connection: Connection, public: str) -> list[NoticeSent]:
    """Return the notices that the operation `op_...` asked for, oldest first."""
    mine = (delivery.c.operation_id == key_of("op", public)) & (delivery.c.channel != DESK)
    found = connection.execute(select(delivery).where(mine).order_by(delivery.c.id))
    return [
        NoticeSent(
            channel=row.channel,
            template=row.template,
            to=masked(row.recipient),
            state=row.state,
            tries=row.tries,
            due_at=moment(row.due_at) if row.state == "waiting" else None,
            sent_at=moment_or_none(row.sent_at),
            said=row.said,
        )
        for row in found
    ]
