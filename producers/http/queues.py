"""`/v1/queues`: how each product stands, for operators."""

from fastapi import APIRouter

from producers.http.askers import Asking, require_operator
from producers.http.doors import Open
from producers.http.openapi import problems
from producers.queues import Queue, look_at_queues, queues_of

router = APIRouter(prefix="/v1/queues")


@router.get("", responses=problems(403))
def read_queues(doors: Open, asker: Asking) -> list[Queue]:
    """Return for each product what waits, since when, and what is late."""
    require_operator(asker, "only operators see how the products stand")
    return queues_of(*look_at_queues(doors.database, doors.products))
