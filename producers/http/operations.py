"""`/v1/operations`: reading operations and their history, and calls on one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from producers.http.askers import Asking, acting, operation_for
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from schema.asker import Asker
from schema.command import EventId, InWords, Name
from schema.sealing import CODE_DIGITS
from schema.store.histories import operation_history
from schema.store.reads import OperationFilter, find_operation, list_operations
from schema.store.sent import operation_notices
from schema.views import HistoryLine, NoticeSent, Operation, OperationState, Page

router = APIRouter(prefix="/v1/operations")


class OperationQuery(PageQuery):
    """Which operations; `service` is `svc_...` or `<customer>/<reference>`."""

    product: ProductName | None = None
    state: OperationState | None = None
    customer: Name | None = None
    service: (
        Annotated[
            str,
            Query(pattern=r"^[A-Za-z0-9._/-]{1,161}$"),
            InWords("must be svc_... or <customer>/<service reference>"),
        ]
        | None
    ) = None
    overdue: bool | None = None


class CallBody(BaseModel):
    """Who asks."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", strict=True)

    actor: EventId | None = None


class ConfirmBody(CallBody):
    """Who asks, and the code as text: leading zeros count."""

    code: Annotated[
        str,
        StringConstraints(pattern=rf"^[0-9]{{{CODE_DIGITS}}}$"),
        InWords(f"must be the {CODE_DIGITS} digits of the mail, as text"),
    ]


@dataclass(frozen=True, slots=True)
class Call:
    """A call on an operation by somebody who reaches it."""

    doors: Doors
    asker: Asker
    operation: str

    def actor(self, body: CallBody | None) -> str:
        """Return under which name it is done."""
        return acting(self.asker, body.actor if body else None).name

    def found(self) -> Operation:
        """Return the operation as it is now."""
        with self.doors.database.look() as connection:
            return find_operation(connection, self.operation)


def call_on(doors: Open, asker: Asking, operation_id: str) -> Call:
    """Return a call on an operation; raise `NotFound`, or `Refused` (403) where it is another's."""
    return Call(doors, asker, operation_for(doors, asker, operation_id, calls=True).id)


@router.get("", responses=problems(404))
def read_operations(
    doors: Open, asker: Asking, query: Annotated[OperationQuery, Query()]
) -> Page[Operation]:
    """Return operations, newest first."""
    asked = (query.product, query.state, query.customer, query.service, query.overdue)
    wanted = OperationFilter(*asked, asker=asker)
    span = span_of("op", query)
    with doors.database.look() as connection:
        return page_of(list_operations(connection, wanted, span), span)


@router.get("/{operation_id}", responses=problems(404))
def read_operation(doors: Open, asker: Asking, operation_id: str) -> Operation:
    """Return one operation."""
    return operation_for(doors, asker, operation_id)


@router.get("/{operation_id}/history", responses=problems(404))
def read_history(doors: Open, asker: Asking, operation_id: str) -> list[HistoryLine]:
    """Return what happened to an operation, oldest first."""
    operation_for(doors, asker, operation_id)
    with doors.database.look() as connection:
        return operation_history(connection, operation_id)


@router.get("/{operation_id}/notices", responses=problems(404))
def read_notices(doors: Open, asker: Asking, operation_id: str) -> list[NoticeSent]:
    """Return the mails that an operation asked for, oldest first."""
    operation = operation_for(doors, asker, operation_id)
    with doors.database.look() as connection:
        return operation_notices(connection, operation.id)


@router.post(
    "/{operation_id}/cancel",
    responses={
        202: {"model": Operation, "description": "It is being undone"},
        **problems(403, 404, 409, 413, 507),
    },
)
def cancel_operation(
    call: Annotated[Call, Depends(call_on)], response: Response, body: CallBody | None = None
) -> Operation:
    """Cancel an operation: at once where it has not begun, else what it did is undone."""
    call.doors.calls.cancel(call.operation, call.actor(body))
    found = call.found()
    if found.state != "cancelled":
        response.status_code = 202
    return found


@router.post("/{operation_id}/retry", responses={**problems(403, 404, 409, 413, 507)})
def retry_operation(
    call: Annotated[Call, Depends(call_on)], body: CallBody | None = None
) -> Operation:
    """Continue an operation that was parked, or try one again now that is tried again later."""
    call.doors.calls.retry(call.operation, call.actor(body))
    return call.found()


@router.post("/{operation_id}/confirm", responses={**problems(403, 404, 409, 413, 507)})
def confirm_operation(call: Annotated[Call, Depends(call_on)], body: ConfirmBody) -> Operation:
    """Confirm an operation by the code that the customer's Admins were mailed; the fifth wrong one ends it."""
    call.doors.secrets.confirm(call.operation, body.code, call.actor(body))
    return call.found()
