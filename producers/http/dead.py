"""`/v1/dead-letters`: what came by AMQP and could not be accepted."""

from collections.abc import Callable
from typing import TypeVar

from fastapi import APIRouter

from producers.dead import BrokerAway, DeadLetters
from producers.http.askers import Asking, require_operator
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from schema.asker import Asker
from schema.errors import Refusal, Refused
from schema.views import DeadLetter, DeadLetterShown

router = APIRouter(prefix="/v1/dead-letters")

NO_BROKER = Refusal("no_broker", 409, "this is one process without a broker: nothing comes by AMQP")

Told = TypeVar("Told")


@router.get("", responses=problems(403, 409))
def read_dead_letters(doors: Open, asker: Asking) -> list[DeadLetter]:
    """Return what could not be accepted, oldest first."""
    return _answered(doors, asker, lambda dead: dead.list())


@router.get("/{dead_id}", responses=problems(403, 404, 409))
def read_dead_letter(doors: Open, asker: Asking, dead_id: str) -> DeadLetterShown:
    """Return one with its body."""
    return _answered(doors, asker, lambda dead: dead.show(dead_id))


@router.post("/{dead_id}/requeue", responses=problems(403, 404, 409))
def requeue_dead_letter(doors: Open, asker: Asking, dead_id: str) -> DeadLetterShown:
    """Send one to the commands again, as it came."""
    return _answered(doors, asker, lambda dead: dead.requeue(dead_id))


@router.post("/{dead_id}/drop", responses=problems(403, 404, 409))
def drop_dead_letter(doors: Open, asker: Asking, dead_id: str) -> DeadLetterShown:
    """Drop one for good; the answer is the last that is known of it."""
    return _answered(doors, asker, lambda dead: dead.drop(dead_id))


def _answered(doors: Doors, asker: Asker, ask: Callable[[DeadLetters], Told]) -> Told:
    """Ask the broker for an operator; raise `Refused` (403, 409, 503) or `NotFound`."""
    require_operator(asker, "only operators see what could not be accepted")
    if doors.dead is None:
        raise Refused(NO_BROKER)
    try:
        return ask(doors.dead)
    except BrokerAway as error:
        raise Refused(Refusal("unavailable", 503, str(error))) from error
