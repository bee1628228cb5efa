"""`/v1/tickets`: reading tickets."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from producers.http.askers import Asking, ticket_for
from producers.http.doors import Open
from producers.http.openapi import problems
from producers.http.pages import PageQuery, ProductName, page_of, span_of
from schema.command import Name
from schema.store.reads import TicketFilter, list_tickets
from schema.views import Page, Ticket

router = APIRouter(prefix="/v1/tickets")


class TicketQuery(PageQuery):
    """Which tickets."""

    product: ProductName | None = None
    state: Literal["open", "resolved"] | None = None
    customer: Name | None = None


@router.get("", responses=problems())
def read_tickets(
    doors: Open, asker: Asking, query: Annotated[TicketQuery, Query()]
) -> Page[Ticket]:
    """Return tickets, newest first."""
    wanted = TicketFilter(query.product, query.state, query.customer, asker)
    span = span_of("tkt", query)
    with doors.database.look() as connection:
        return page_of(list_tickets(connection, wanted, span), span)


@router.get("/{ticket_id}", responses=problems(404))
def read_ticket(doors: Open, asker: Asking, ticket_id: str) -> Ticket:
    """Return one ticket with its comments."""
    return ticket_for(doors, asker, ticket_id)
