"""`POST /v1/platforms/{product}/events`: signals of platforms."""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from producers.http.doors import Open
from producers.http.openapi import SIGNALS_BODY, SIGNALS_PARAMETERS, problems

router = APIRouter(prefix="/v1/platforms")


@router.post(
    "/{product}/events",
    status_code=204,
    response_class=Response,
    responses=problems(401, 413, 507),
    openapi_extra={"requestBody": SIGNALS_BODY, "parameters": SIGNALS_PARAMETERS},
)
async def take_signal(request: Request, doors: Open, product: str) -> Response:
    """Take a signal, signed as Standard Webhooks are; a repeat is a success."""
    body = await request.body()
    await run_in_threadpool(doors.signals.take, product, request.headers, body)
    return Response(status_code=204)
