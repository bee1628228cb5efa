"""`/metrics`: the figures for Prometheus; without a key only for who asks from this machine."""

from ipaddress import ip_address
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from producers.http.askers import asker_of, require_operator
from producers.http.doors import Doors, Open
from producers.http.openapi import problems
from schema.store.figures import figures

router = APIRouter()

#: What a proxy adds: the request comes from elsewhere, whoever hands it over.
FORWARDED = ("forwarded", "x-forwarded-for", "via")

TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}}
}


@router.get("/metrics", response_class=Response, responses={**problems(401, 403), **TEXT})
async def read_metrics(request: Request, doors: Open) -> Response:
    """Return all figures in Prometheus' text format, to this machine or to an operator."""
    if not _is_from_here(request):
        require_operator(await asker_of(request), "only an operator reads the figures")
    return await run_in_threadpool(_answer, doors)


def _answer(doors: Doors) -> Response:
    """Return the figures of this moment; Prometheus' library is loaded by the first who asks."""
    from producers.metrics import CONTENT_TYPE, exposition  # noqa: PLC0415  most processes never do

    with doors.database.look() as connection:
        found = figures(connection)
    depths = doors.depths() if doors.depths else {}
    return Response(exposition(found, doors.products, depths), media_type=CONTENT_TYPE)


def _is_from_here(request: Request) -> bool:
    """Return whether somebody asks from this machine, and not through a proxy on it."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
