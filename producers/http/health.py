"""`/healthz` and `/readyz`: whether the process lives, and whether it can do its work."""

from fastapi import APIRouter

from producers.http.doors import Open
from producers.http.openapi import problems
from schema.store.clock import business_now
from schema.views import Health

router = APIRouter()


@router.get("/healthz")
def read_health() -> Health:
    """Say that the process answers."""
    return Health(status="alive")


@router.get("/readyz", responses=problems())
def read_readiness(doors: Open) -> Health:
    """Say that the database answers too."""
    with doors.database.look() as connection:
        business_now(connection)
    return Health(status="ready")
