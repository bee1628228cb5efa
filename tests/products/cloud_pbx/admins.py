"""What the Admins of a cloud telephone system get by mail, and what they type."""

from schema.store.confirmations import Confirm
from schema.store.deliveries import MAIL
from schema.store.order import Answer
from tests.world.world import World

ADMINS = ["anna@acme.example", "ugo@acme.example"]


def confirm(world: World, operation: int, verdict: str = "right") -> Answer:
    """Type a code."""
    cycle = world.rows.operation(operation)["cycle"]
    answer: Answer = world.writer.store(Confirm(operation, cycle, verdict, "Anna"))  # type: ignore[arg-type]
    return answer


def mailed_to(world: World, operation: int) -> list[str]:
    """Return to whom the mails of an operation have gone."""
    rows = world.rows.all("delivery")
    mails = [row for row in rows if (row["channel"], row["operation_id"]) == (MAIL, operation)]
    return sorted(row["recipient"] for row in mails if row["sent_at"] is not None)
