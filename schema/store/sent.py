"""Reading what was sent to people for operations."""

from typing import NamedTuple

from sqlalchemy import Connection, exists, select

from schema.ids import key_of, public_id
from schema.masking import masked
from schema.store.deliveries import DESK, SMS
from schema.store.moments import moment, moment_or_none
from schema.tables import delivery, operation, secret
from schema.views import NoticeSent


class SentMessage(NamedTuple):
    """What a short message was sent for, and whether what it told works no more: a newer one was made since.

    The secret that a message tells has a name that begins with the message's template, such as `activation_link`.
    """

    product: str
    operation: str
    template: str
    is_outdated: bool


def sent_message(connection: Connection, cause: str) -> SentMessage | None:
    """Return what the short message of a cause was sent for; None where none was."""
    told = secret.c.name.startswith(delivery.c.template + "_")
    is_newer = (secret.c.service_id == delivery.c.service_id) & told
    is_newer &= secret.c.made_at > delivery.c.sent_at
    query = select(operation.c.product, operation.c.id, delivery.c.template)
    query = query.add_columns(exists().where(is_newer).label("is_outdated"))
    query = query.join(operation, operation.c.id == delivery.c.operation_id)
    mine = (delivery.c.cause == cause) & (delivery.c.channel == SMS)
    found = connection.execute(query.where(mine)).one_or_none()
    if found is None:
        return None
    return SentMessage(found.product, public_id("op", found.id), found.template, found.is_outdated)


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
