"""`turnup show`: one operation, service or ticket, with all that happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploy.commands.lists import print_operations
from deploy.commands.session import Session, reading
from deploy.display.operation import (
    headed,
    notices_sent,
    operation_head,
    service_head,
    ticket_whole,
    timeline,
)
from deploy.display.screen import print_json, say
from schema.errors import NotFound
from schema.store.ahead import parked_ahead
from schema.store.clock import business_now
from schema.store.customers import find_customer
from schema.store.histories import operation_history, service_history
from schema.store.pauses import paused_products
from schema.store.reads import (
    OperationFilter,
    Span,
    find_operation,
    find_service,
    find_ticket,
    list_operations,
)
from schema.store.sent import operation_notices
from schema.views import Service

#: How many of a service's operations are shown, newest first.
OPERATIONS = 10

WANTED = "write op_..., svc_..., tkt_... or <customer>/<reference>"


def show(name: str, *, as_json: bool) -> None:
    """Print what has this id, or this customer and reference."""
    country = None
    with reading() as session:
        kind = "svc" if "/" in name else name.lower().partition("_")[0]
        match kind:
            case "op" | "tkt":
                found, now = _operation(session, name)
            case "svc":
                found, now = _service(session, name)
                country = _country(session, found["service"].customer)
                if not as_json:
                    found = {**found, "service": _as_written(session, found["service"])}
            case _:
                raise NotFound(f"{name!r} is no id; {WANTED}")
    if as_json:
        print_json(found)
    else:
        _tell(found, now, country)


def _operation(session: Session, name: str) -> tuple[Mapping[str, Any], datetime]:
    """Return an operation, or the one of a ticket, with its history and its ticket."""
    with session.database.look() as connection:
        ticket = find_ticket(connection, name) if name.lower().startswith("tkt") else None
        operation = find_operation(connection, ticket.operation if ticket else name)
        if ticket is None and operation.ticket is not None:
            ticket = find_ticket(connection, operation.ticket)
        history = operation_history(connection, operation.id)
        notices = operation_notices(connection, operation.id)
        paused = paused_products(connection).get(operation.product)
        found = {
            "operation": operation,
            "history": history,
            "notices": notices,
            "ticket": ticket,
            "paused": None if operation.ended_at else paused,
            "waits_for": parked_ahead(connection, operation.id),
        }
        return found, business_now(connection)


def _service(session: Session, name: str) -> tuple[Mapping[str, Any], datetime]:
    """Return a service with its history and its newest operations, the newest one in full."""
    with session.database.look() as connection:
        service = find_service(connection, session.settings.products, name)
        wanted = OperationFilter(service=service.id)
        found: dict[str, Any] = {
            "service": service,
            "service_history": service_history(connection, service.id),
            "operations": list_operations(connection, wanted, Span(OPERATIONS)),
        }
        now = business_now(connection)
    if not found["operations"]:
        return found, now
    newest, now = _operation(session, found["operations"][0].id)
    return {**found, **newest}, now


def _as_written(session: Session, service: Service) -> Service:
    """Return a service with its facts as people write them."""
    product = session.settings.products.get(service.product)
    facts = product.as_written(service.facts) if product else service.facts
    return service.model_copy(update={"facts": facts})


def _country(session: Session, customer: str) -> str | None:
    """Return the country whose people read what is known of a customer's service."""
    with session.database.look() as connection:
        record = find_customer(connection, customer)
    return record.country if record else None


def _tell(found: Mapping[str, Any], now: datetime, country: str | None) -> None:
    """Print it for people."""
    if "service" in found:
        say(service_head(found["service"], now, country))
        say(headed("What became of the service", timeline(found["service_history"])), "")
        print_operations(found["operations"], now)
        say("")
    if "operation" in found:
        say(operation_head(found["operation"], now, found["paused"], found["waits_for"]))
        say(headed("What happened", timeline(found["history"])))
        if found["notices"]:
            say(headed("What was sent", notices_sent(found["notices"], now)))
    if found.get("ticket") is not None:
        say("", ticket_whole(found["ticket"], now))
