"""Refusals and errors as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from producers.reading import invalid
from schema.command import faults_of_details
from schema.errors import NotFound, NotStored, Refusal, Refused, StoreFull, Unreachable
from schema.views import Problem, faults_shown

MEDIA_TYPE = "application/problem+json"

#: When to ask again while the database does not answer, in seconds.
RETRY_AFTER = "5"

NO_ROOM = "the database has no room left; nothing was stored"
NOT_STORED = "the database refused it; nothing was stored"


def problem_of(refusal: Refusal) -> Problem:
    """Return a refusal as a problem; its facts are members beside the others."""
    return Problem(
        title=HTTPStatus(refusal.status).phrase,
        status=refusal.status,
        detail=refusal.detail,
        reason=refusal.reason,
        errors=faults_shown(refusal.faults),
        **refusal.facts,
    )


def answer_with(refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that says a problem."""
    body = problem_of(refusal).model_dump_json()
    return Response(body, refusal.status, headers, MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI describes problems with these statuses; those that can always be come by themselves."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    every = (*statuses, 400, 422, 503)
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in every}
