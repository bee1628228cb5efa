"""`POST /v1/desk/events`: what another system's ticket desk says about our tickets."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from producers.http.doors import Open
from producers.http.openapi import DESK_BODY, SIGNALS_PARAMETERS, problems
from schema.errors import Refusal, Refused

router = APIRouter(prefix="/v1/desk")


@router.post(
    "/events",
    status_code=204,
    response_class=Response,
    responses=problems(401, 404, 413, 507),
    openapi_extra={"requestBody": DESK_BODY, "parameters": SIGNALS_PARAMETERS},
)
async def take_desk_event(request: Request, doors: Open) -> Response:
    """Take the desk's own number and state of a ticket, signed as Standard Webhooks are; the newest holds."""
    if doors.desk is None:
        raise Refused(Refusal("bad_signature", 401, "no desk is named here that could sign"))
    body = await request.body()
    await run_in_threadpool(doors.desk.take, request.headers, body)
    return Response(status_code=204)
