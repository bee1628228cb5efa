"""Refusals and errors as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from producers.answers import BUG, NOT_STORED, PROBLEM
from producers.reading import invalid
from schema.command import faults_of
from schema.errors import (
    Fault,
    NotFound,
    NotStored,
    NotTaken,
    Refusal,
    Refused,
    StoreFull,
    Unanswered,
    Unreachable,
)
from schema.views import problem_of

log = structlog.get_logger()

#: When to ask again while the database does not answer, in seconds.
RETRY_AFTER = "5"

#: How to ask again after a 401 (RFC 6750).
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="turnup"'}

NO_ROOM = "the database has no room left; nothing was stored"
UNREACHABLE = "the database does not answer; ask again, a command under the same source and id"
UNANSWERED = (
    "the database did not answer in time; what was asked may be done or not: "
    "ask again, a command under the same source and id"
)
NOT_TAKEN = (
    "too much is waiting for the database; ask again, a command under the same source and id"
)
JSON_WANTED = "send JSON with Content-Type: application/json"


def answer_with(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that says a problem."""
    body = problem_of(refusal).model_dump_json()
    return Response(body, refusal.status, headers, PROBLEM)


def handle_errors(app: FastAPI) -> None:
    """Let the application answer every error with a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(NotFound, _not_found)
    app.add_exception_handler(NotStored, _not_stored)
    app.add_exception_handler(Unreachable, _unreachable)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def _refused(_request: Request, error: Exception) -> Response:
    """Answer what a door refused."""
    refusal = cast("Refused", error).refusal
    return answer_with(refusal, CHALLENGE if refusal.reason == "unauthorized" else None)


def _not_found(_request: Request, error: Exception) -> Response:
    """Answer that there is no such thing."""
    return answer_with(Refusal("not_found", 404, str(error)))


def _not_stored(_request: Request, error: Exception) -> Response:
    """Answer that the database took nothing of it."""
    if isinstance(error, StoreFull):
        return answer_with(Refusal("store_full", 507, NO_ROOM), {"Retry-After": RETRY_AFTER})
    if isinstance(error, NotTaken):
        return _unavailable(NOT_TAKEN)
    log.error("request_not_stored", error=str(error))
    return answer_with(NOT_STORED)


def _unreachable(_request: Request, error: Exception) -> Response:
    """Answer that the database does not; where it is stays in the log."""
    log.warning("request_unanswered", error=str(error))
    return _unavailable(UNANSWERED if isinstance(error, Unanswered) else UNREACHABLE)


def _unavailable(detail: str) -> Response:
    """Answer that another try may do."""
    return answer_with(Refusal("unavailable", 503, detail), {"Retry-After": RETRY_AFTER})


def _malformed(_request: Request, error: Exception) -> Response:
    """Answer every fault of parameters and body; a pointer into the body is one from its top."""
    details = cast("RequestValidationError", error)
    errors = details.errors()
    if any(each["type"] == "json_invalid" for each in errors):
        return answer_with(Refusal("malformed", 400, "the body is no JSON"))
    faults = faults_of(cast("ValidationError", details))
    paired = zip(faults, errors, strict=True)
    return answer_with(invalid(tuple(_below_body(fault, each) for fault, each in paired)))


def _below_body(fault: Fault, error: Mapping[str, object]) -> Fault:
    """Return a fault of the body with the pointer that it has inside it; bytes were not declared to be JSON."""
    is_unread = isinstance(error.get("input"), bytes)
    detail = JSON_WANTED if is_unread else fault.detail
    return Fault(fault.pointer.removeprefix("/body"), detail)


def _http(_request: Request, error: Exception) -> Response:
    """Answer what the framework says: no such path, no such method, a body that is too large."""
    found = cast("HTTPException", error)
    reason = HTTPStatus(found.status_code).name.lower()
    return answer_with(Refusal(reason, found.status_code, found.detail), found.headers)


def _bug(_request: Request, _error: Exception) -> Response:
    """Answer a fault of ours; the server logs it."""
    return answer_with(BUG)
