"""`POST /v1/messages/events`: what a gateway says of the short messages that it has taken."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from producers.http.doors import Open
from producers.http.openapi import RECEIPT_BODY, SIGNALS_PARAMETERS, problems
from schema.errors import Refusal, Refused

router = APIRouter(prefix="/v1/messages")


@router.post(
    "/events",
    status_code=204,
    response_class=Response,
    responses=problems(401, 404, 413, 507),
    openapi_extra={"requestBody": RECEIPT_BODY, "parameters": SIGNALS_PARAMETERS},
)
async def take_receipt(request: Request, doors: Open) -> Response:
    """Take a receipt of a short message, signed as Standard Webhooks are; a repeat is a success."""
    if doors.receipts is None:
        raise Refused(Refusal("bad_signature", 401, "no gateway is named here that could sign"))
    body = await request.body()
    await run_in_threadpool(doors.receipts.take, request.headers, body)
    return Response(status_code=204)
