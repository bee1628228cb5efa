"""`/v1/services`: reading services and their history, by id or by customer and reference."""

from typing import Annotated

from fastapi import APIRouter, Query

from producers.http.doors import Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from schema.command import Name
from schema.store.reads import ServiceFilter, find_service, list_services, service_history
from schema.views import HistoryLine, Page, Service

router = APIRouter(prefix="/v1/services")


class ServiceQuery(PageQuery):
    """Which services."""

    product: ProductName | None = None
    state: ProductName | None = None
    customer: Name | None = None


@router.get("", responses=problems())
def read_services(doors: Open, query: Annotated[ServiceQuery, Query()]) -> Page[Service]:
    """Return services, newest first."""
    wanted = ServiceFilter(query.product, query.state, query.customer)
    span = span_of("svc", query)
    with doors.database.look() as connection:
        return page_of(list_services(connection, doors.products, wanted, span), span)


@router.get("/{service_id}", responses=problems(404))
def read_service(doors: Open, service_id: str) -> Service:
    """Return one service by its id."""
    return _found(doors, service_id)


@router.get("/{service_id}/history", responses=problems(404))
def read_history(doors: Open, service_id: str) -> list[HistoryLine]:
    """Return what happened to a service, oldest first."""
    with doors.database.look() as connection:
        return service_history(connection, service_id)


@router.get("/{customer}/{reference}", responses=problems(404))
def read_named_service(doors: Open, customer: Name, reference: Name) -> Service:
    """Return one service by its customer and reference."""
    return _found(doors, f"{customer}/{reference}")


@router.get("/{customer}/{reference}/history", responses=problems(404))
def read_named_history(doors: Open, customer: Name, reference: Name) -> list[HistoryLine]:
    """Return what happened to a service, named by its customer and reference, oldest first."""
    with doors.database.look() as connection:
        return service_history(connection, f"{customer}/{reference}")


def _found(doors: Open, name: str) -> Service:
    """Return the service of this name."""
    with doors.database.look() as connection:
        return find_service(connection, doors.products, name)
