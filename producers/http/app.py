"""The application of the HTTP door."""

from functools import cache
from typing import Any

from fastapi import Depends, FastAPI

from producers.http import (
    catalogue,
    commands,
    dead,
    desk,
    health,
    messages,
    metrics,
    operations,
    platforms,
    queues,
    reveals,
    services,
    tickets,
)
from producers.http.bodies import MOST_BYTES, LimitedBody
from producers.http.doors import Doors
from producers.http.offering import Offering
from producers.http.openapi import describe
from producers.http.problems import handle_errors
from producers.http.queries import take_no_query

#: Where platforms, desks and gateways call by themselves: what their addresses end in is theirs.
CALLED_BACK = (platforms, desk, messages)

ROUTERS = (
    operations,
    services,
    reveals,
    tickets,
    catalogue,
    dead,
    queues,
    health,
    metrics,
)


def create_app(doors: Doors, *, most_bytes: int = MOST_BYTES) -> FastAPI:
    """Return an application behind these doors; it starts and stops nothing."""
    app = FastAPI(
        title="Turnup",
        summary="Provisioning of telephone services",
        version="1",
        docs_url=None,
        redoc_url=None,
    )
    app.state.doors = doors
    app.state.offering = Offering(doors.intake)
    for each in CALLED_BACK:
        app.include_router(each.router)
    app.include_router(commands.router)
    for each in ROUTERS:
        app.include_router(each.router, dependencies=[Depends(take_no_query)])
    app.add_middleware(LimitedBody, most_bytes=most_bytes)
    handle_errors(app)

    @cache
    def openapi() -> dict[str, Any]:
        return describe(app, doors.products)

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app
