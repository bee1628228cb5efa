"""`/healthz` and `/readyz`: whether the process lives, and whether it can do its work."""

from typing import Literal

from fastapi import APIRouter

from producers.http.doors import Open
from producers.http.openapi import problems
from schema.errors import Refusal, Refused
from schema.store.leases import WAKER, WORKER
from schema.store.vitals import living_roles
from schema.views import Health, View

NOT_AT_WORK = "of this process do not work: {}; see its log"

#: Who works in a process that does everything.
ITS_OWN = (WAKER, WORKER)

router = APIRouter()


class Readiness(View):
    """That a door takes commands, and whether anybody looks at what is due."""

    status: Literal["ready"]
    waker: Literal["alive", "missing"]


@router.get("/healthz")
def read_health() -> Health:
    """Say that the process answers."""
    return Health(status="alive")


@router.get("/readyz", responses=problems())
def read_readiness(doors: Open) -> Readiness:
    """Say that this door can take commands: the database answers, and where one process does all, it works.

    Elsewhere the wakers' absence is told and no reason to take nothing: what is accepted is not lost.
    """
    with doors.database.look() as connection:
        roles = living_roles(connection)
    missing = [each for each in ITS_OWN if each not in roles]
    if doors.is_alone and missing:
        raise Refused(Refusal("not_ready", 503, NOT_AT_WORK.format(", ".join(missing))))
    return Readiness(status="ready", waker="missing" if WAKER in missing else "alive")
