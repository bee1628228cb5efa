"""Secrets that are shown once: one of a service, or one each of several of a customer as a file (CO-4, BU-10)."""

from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from producers.exports import csv_of, table_of
from producers.http.askers import Asking, acting, service_for, services_for
from producers.http.doors import Open
from producers.http.openapi import problems
from schema.command import EventId, Name
from schema.views import Revealed

router = APIRouter(prefix="/v1")

#: Services whose secrets one file takes.
MOST = 100

#: What holds a secret is kept by nobody on its way.
UNKEPT = {"Cache-Control": "no-store"}

CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}


class RevealBody(BaseModel):
    """Which secret, where a service has several, and who asks."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", strict=True)

    secret: EventId | None = None
    actor: EventId | None = None


def _each_once(references: list[str]) -> list[str]:
    """Return references; refuse one that stands there twice, for its secret is shown once."""
    if len(set(references)) < len(references):
        raise ValueError("a service stands there twice")
    return references


class RevealAllBody(RevealBody):
    """Of which services, too."""

    references: Annotated[
        list[Name],
        Field(min_length=1, max_length=MOST, json_schema_extra={"uniqueItems": True}),
        AfterValidator(_each_once),
    ]


@router.post("/services/{service_id}/reveal", responses=problems(403, 404, 409, 413, 507))
def reveal_secret(
    doors: Open,
    asker: Asking,
    response: Response,
    service_id: str,
    body: RevealBody | None = None,
) -> Revealed:
    """Show a secret of a service, once: its history says to whom."""
    asked = body or RevealBody()
    found = service_for(doors, asker, service_id, calls=True)
    actor = acting(asker, asked.actor).name
    response.headers.update(UNKEPT)
    return doors.secrets.reveal(found, asked.secret, actor)


@router.post(
    "/customers/{customer}/reveal",
    response_class=Response,
    responses={**problems(403, 404, 409, 413, 507), **CSV},
)
def reveal_secrets(doors: Open, asker: Asking, customer: Name, body: RevealAllBody) -> Response:
    """Show a secret of each of several services, once, as one file: all of them, or none where one is not shown.

    Where a spreadsheet would calculate a cell, or what it cuts from one, an ' stands before its = + - or @, which is no
    part of it.
    """
    services = services_for(doors, asker, customer, body.references)
    actor = acting(asker, body.actor).name
    revealed = doors.secrets.reveal_all(services, body.secret, actor)
    tables = [
        table_of(each, doors.products[each.product], its)
        for each, its in zip(services, revealed, strict=True)
    ]
    above = chain([()], (table[0] for table in tables))
    return Response("".join(map(csv_of, tables, above)), headers=UNKEPT, media_type="text/csv")
