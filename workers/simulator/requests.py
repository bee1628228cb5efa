"""Reads requests, and answers what cannot be read."""

import json
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from workers.simulator.problems import ProblemsError, problem
from workers.simulator.rows import Json, digest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger(__name__)


async def read_body(request: web.Request) -> Json:
    """Read the JSON object that was sent; nothing is an empty one. Raises ProblemsError."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise ProblemsError([problem("", f"no JSON: {error}")]) from error
    if not isinstance(body, dict):
        raise ProblemsError([problem("", "a JSON object is needed")])
    return body


@web.middleware
async def answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as {error, ...}."""
    try:
        return await handler(request)
    except ProblemsError as error:
        answer = {"error": "invalid_request", "problems": error.problems}
        return _error(request, 422, answer)
    except web.HTTPException as error:
        name = error.reason.lower().replace(" ", "_")
        response = _error(request, error.status, {"error": name, "path": request.path})
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except ConnectionError:
        raise  # the caller has gone
    except Exception:
        log.exception("request_crashed path=%s", request.path)
        return _error(request, 500, {"error": "simulator_crashed"})


def _error(request: web.Request, status: int, body: Json) -> web.Response:
    """Answer with a request's id, the same for the same request."""
    asked = (request.method, request.path_qs, request.headers.get("Idempotency-Key"))
    request_id = f"req_{digest(*asked)}"
    return web.json_response(body, status=status, headers={"X-Request-Id": request_id})
