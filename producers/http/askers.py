"""Who asks over HTTP, by the API key of his request, and what he reaches (CO-7)."""

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from producers.http.doors import Doors
from schema.asker import Asker, not_yours
from schema.errors import NotFound, Refusal, Refused
from schema.store.reach import reaches
from schema.store.reads import find_operation, find_service, find_ticket
from schema.views import Operation, Service, Ticket


async def asker_of(request: Request) -> Asker:
    """Return who asks; raise `Refused` (401) where keys are asked for. Only a stale key ring costs a thread."""
    doors: Doors = request.app.state.doors
    given = request.headers.get("authorization")
    if doors.keys.is_fresh:
        return doors.keys.asker(given)
    return await run_in_threadpool(doors.keys.asker, given)


Asking = Annotated[Asker, Depends(asker_of)]


def acting(asker: Asker, said: str | None) -> Asker:
    """Return the asker under the name that a body says; raise `Refused` (403) where he may not take it."""
    named = asker.named(said)
    if isinstance(named, Refusal):
        raise Refused(named)
    return named


def operation_for(doors: Doors, asker: Asker, public: str, *, calls: bool = False) -> Operation:
    """Return an operation that the asker reaches; of another's one who `calls` is refused, and a reader sees none."""
    with doors.database.look() as connection:
        found = find_operation(connection, public)
        is_reached = reaches(connection, asker, found.customer)
    if not is_reached and calls:
        raise Refused(not_yours(asker, found.customer))
    if not is_reached:
        raise NotFound(f"there is no operation {public}")
    return found


def service_for(doors: Doors, asker: Asker, name: str, *, calls: bool = False) -> Service:
    """Return a service that the asker reaches, as `operation_for` does an operation."""
    with doors.database.look() as connection:
        found = find_service(connection, doors.products, name)
        is_reached = reaches(connection, asker, found.customer)
    if not is_reached and calls:
        raise Refused(not_yours(asker, found.customer))
    if not is_reached:
        raise NotFound(f"there is no service {name}")
    return found


def ticket_for(doors: Doors, asker: Asker, public: str) -> Ticket:
    """Return a ticket about a service that the asker reaches."""
    with doors.database.look() as connection:
        found = find_ticket(connection, public)
        if not reaches(connection, asker, found.reference.partition("/")[0]):
            raise NotFound(f"there is no ticket {public}")
    return found
