"""`/healthz` and `/readyz`: whether the process lives, and whether it can do its work."""

from fastapi import APIRouter

from producers.http.doors import Open
from producers.http.openapi import problems
from schema.errors import Refusal, Refused
from schema.store.vitals import is_woken
from schema.views import Health

NOBODY_LOOKS = (
    "no waker has looked lately at what is due: see its log, or start one with turnup waker"
)

router = APIRouter()


@router.get("/healthz")
def read_health() -> Health:
    """Say that the process answers."""
    return Health(status="alive")


@router.get("/readyz", responses=problems())
def read_readiness(doors: Open) -> Health:
    """Say that the database answers too, and that what is accepted will be looked at."""
    with doors.database.look() as connection:
        if not is_woken(connection):
            raise Refused(Refusal("not_ready", 503, NOBODY_LOOKS))
    return Health(status="ready")
