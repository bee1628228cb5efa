"""Who asks over HTTP, by the API key of his request, and what he reaches (CO-7)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from producers.http.doors import Doors
from schema.asker import Asker, forbidden, not_yours
from schema.errors import NotFound, Refusal, Refused
from schema.store.reach import reaches
from schema.store.reads import find_operation, find_service, find_services, find_ticket
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


def require_operator(asker: Asker, said: str) -> None:
    """Raise `Refused` (403) for anybody but an operator."""
    if asker.role != "operator":
        raise Refused(forbidden(said))


def operation_for(doors: Doors, asker: Asker, public: str, *, calls: bool = False) -> Operation:
    """Return an operation that the asker reaches; of another's one who `calls` is refused, and a reader sees none."""
    with doors.database.look() as connection:
        found = find_operation(connection, public)
        if not reaches(connection, asker, found.customer):
            raise _out_of_reach(asker, found.customer, f"operation {public}", calls=calls)
    return found


def service_for(doors: Doors, asker: Asker, name: str, *, calls: bool = False) -> Service:
    """Return a service that the asker reaches, as `operation_for` does an operation."""
    with doors.database.look() as connection:
        found = find_service(connection, doors.products, name)
        if not reaches(connection, asker, found.customer):
            raise _out_of_reach(asker, found.customer, f"service {name}", calls=calls)
    return found


def services_for(
    doors: Doors, asker: Asker, customer: str, references: Sequence[str]
) -> list[Service]:
    """Return services of a customer for somebody who calls; he is refused where the customer is another's."""
    with doors.database.look() as connection:
        if not reaches(connection, asker, customer):
            raise Refused(not_yours(asker, customer))
        return find_services(connection, doors.products, customer, references)


def ticket_for(doors: Doors, asker: Asker, public: str) -> Ticket:
    """Return a ticket about a service that the asker reaches."""
    with doors.database.look() as connection:
        found = find_ticket(connection, public)
        if not reaches(connection, asker, found.reference.partition("/")[0]):
            raise NotFound(f"there is no ticket {public}")
    return found


def _out_of_reach(asker: Asker, customer: str, what: str, *, calls: bool) -> NotFound | Refused:
    """Return how a thing of a customer whom the asker does not reach is answered."""
    return Refused(not_yours(asker, customer)) if calls else NotFound(f"there is no {what}")
