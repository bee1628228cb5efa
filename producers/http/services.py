"""`/v1/services`: reading services and their history, by id or by customer and reference."""

from typing import Annotated

from fastapi import APIRouter, Query

from producers.http.askers import Asking, service_for
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from schema.asker import Asker
from schema.command import Name
from schema.store.histories import service_history
from schema.store.reads import ServiceFilter, list_services
from schema.views import HistoryLine, Page, Service

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


def _history(doors: Doors, asker: Asker, name: str) -> list[HistoryLine]:
    """Return what happened to the service of this name."""
    found = service_for(doors, asker, name)
    with doors.database.look() as connection:
        return service_history(connection, found.id)
