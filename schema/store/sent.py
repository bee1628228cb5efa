"""Reading what was sent to people for operations."""

from sqlalchemy import Connection, select

from schema.ids import key_of
from schema.masking import masked
from schema.store.deliveries import DESK
from schema.store.moments import moment, moment_or_none
from schema.tables import delivery
from schema.views import NoticeSent


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
