"""`/v1/services`: reading services, their history and, once, their secrets, by id or by customer and reference."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from producers.http.askers import Asking, acting, service_for
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from schema.asker import Asker
from schema.command import EventId, Name
from schema.store.histories import service_history
from schema.store.reads import ServiceFilter, list_services
from schema.views import HistoryLine, Page, Revealed, Service

router = APIRouter(prefix="/v1/services")


class ServiceQuery(PageQuery):
    """Which services."""

    product: ProductName | None = None
    state: ProductName | None = None
    customer: Name | None = None


@router.get("", responses=problems())
def read_services(
    doors: Open, asker: Asking, query: Annotated[ServiceQuery, Query()]
) -> Page[Service]:
    """Return services, newest first."""
    wanted = ServiceFilter(query.product, query.state, query.customer, asker)
    span = span_of("svc", query)
    with doors.database.look() as connection:
        return page_of(list_services(connection, doors.products, wanted, span), span)


@router.get("/{service_id}", responses=problems(404))
def read_service(doors: Open, asker: Asking, service_id: str) -> Service:
    """Return one service by its id."""
    return service_for(doors, asker, service_id)


@router.get("/{service_id}/history", responses=problems(404))
def read_history(doors: Open, asker: Asking, service_id: str) -> list[HistoryLine]:
    """Return what happened to a service, oldest first."""
    return _history(doors, asker, service_id)


@router.get("/{customer}/{reference}", responses=problems(404))
def read_named_service(doors: Open, asker: Asking, customer: Name, reference: Name) -> Service:
    """Return one service by its customer and reference."""
    return service_for(doors, asker, f"{customer}/{reference}")


@router.get("/{customer}/{reference}/history", responses=problems(404))
def read_named_history(
    doors: Open, asker: Asking, customer: Name, reference: Name
) -> list[HistoryLine]:
    """Return what happened to a service, named by its customer and reference, oldest first."""
    return _history(doors, asker, f"{customer}/{reference}")


class RevealBody(BaseModel):
    """Which secret, where the service has several, and who asks."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", strict=True)

    secret: EventId | None = None
    actor: EventId | None = None


@router.post("/{service_id}/reveal", responses=problems(403, 404, 409, 413, 507))
def reveal_secret(
    doors: Open,
    asker: Asking,
    response: Response,
    service_id: str,
    body: RevealBody | None = None,
) -> Revealed:
    """Show a secret of a service, once: its history says to whom."""
    asked = body or RevealBody()
    found = service_for(doors, asker, service_id, calls=True)
    actor = acting(asker, asked.actor).name
    response.headers["Cache-Control"] = "no-store"
    return doors.secrets.reveal(found, asked.secret, actor)


def _history(doors: Doors, asker: Asker, name: str) -> list[HistoryLine]:
    """Return what happened to the service of this name."""
    found = service_for(doors, asker, name)
    with doors.database.look() as connection:
        return service_history(connection, found.id)
