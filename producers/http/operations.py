"""`/v1/operations`: reading operations and their history, and cancelling one."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from producers.http.doors import Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from producers.intake import SYSTEM
from schema.command import EventId, Name
from schema.store.reads import OperationFilter, find_operation, list_operations, operation_history
from schema.views import HistoryLine, Operation, OperationState, Page

router = APIRouter(prefix="/v1/operations")


class OperationQuery(PageQuery):
    """Which operations; `service` is `svc_...` or `<customer>/<reference>`."""

    product: ProductName | None = None
    state: OperationState | None = None
    customer: Name | None = None
    service: Annotated[str, Query(pattern=r"^[A-Za-z0-9._/-]{1,161}$")] | None = None
    overdue: bool | None = None


class CallBody(BaseModel):
    """Who asks."""

    model_config = ConfigDict(extra="forbid", strict=True)

    actor: EventId = SYSTEM


@router.get("", responses=problems(404))
def read_operations(doors: Open, query: Annotated[OperationQuery, Query()]) -> Page[Operation]:
    """Return operations, newest first."""
    wanted = OperationFilter(
        query.product, query.state, query.customer, query.service, query.overdue
    )
    span = span_of("op", query)
    with doors.database.look() as connection:
        return page_of(list_operations(connection, wanted, span), span)


@router.get("/{operation_id}", responses=problems(404))
def read_operation(doors: Open, operation_id: str) -> Operation:
    """Return one operation."""
    with doors.database.look() as connection:
        return find_operation(connection, operation_id)


@router.get("/{operation_id}/history", responses=problems(404))
def read_history(doors: Open, operation_id: str) -> list[HistoryLine]:
    """Return what happened to an operation, oldest first."""
    with doors.database.look() as connection:
        return operation_history(connection, operation_id)


@router.post(
    "/{operation_id}/cancel",
    responses={
        202: {"model": Operation, "description": "It is being undone"},
        **problems(404, 409, 413, 507),
    },
)
def cancel_operation(
    doors: Open, response: Response, operation_id: str, body: CallBody | None = None
) -> Operation:
    """Cancel an operation: at once where it has not begun, else what it did is undone."""
    doors.calls.cancel(operation_id, body.actor if body else SYSTEM)
    with doors.database.look() as connection:
        found = find_operation(connection, operation_id)
    if found.state != "cancelled":
        response.status_code = 202
    return found


@router.post("/{operation_id}/retry", responses={**problems(404, 409, 413, 507)})
def retry_operation(doors: Open, operation_id: str, body: CallBody | None = None) -> Operation:
    """Continue an operation that was parked for a person to look at."""
    doors.calls.retry(operation_id, body.actor if body else SYSTEM)
    with doors.database.look() as connection:
        return find_operation(connection, operation_id)
