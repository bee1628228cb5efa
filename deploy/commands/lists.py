"""`turnup list` and `turnup tickets`: what there is, newest first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from deploy.commands.session import reading
from deploy.display.screen import Cell, print_json_list, print_table, say, warn
from deploy.display.words import clean, relative, state
from schema.errors import Refusal, Refused
from schema.ids import Kind, key_of
from schema.lifecycle import Product
from schema.store.clock import business_now
from schema.store.reads import (
    OperationFilter,
    Span,
    TicketFilter,
    list_operations,
    list_tickets,
)
from schema.views import Operation, Ticket

#: A person reads this many; programs get all, so many at once.
SHOWN = 100
PAGE = 500

OPERATION_COLUMNS = ("id", "operation", "service", "state", "when", "ticket")
TICKET_COLUMNS = ("id", "state", "severity", "opened", "title")

Item = TypeVar("Item", Operation, Ticket)


def operations(wanted: OperationFilter, *, as_json: bool) -> None:
    """Print operations."""
    with reading() as session, session.database.look() as connection:
        _require_known(wanted.product, session.settings.products)
        if as_json:
            print_json_list(_all("op", lambda span: list_operations(connection, wanted, span)))
            return
        found = list_operations(connection, wanted, Span(SHOWN + 1))
        now = business_now(connection)
    if not found:
        say("no operations")
        return
    print_table(OPERATION_COLUMNS, [operation_row(each, now) for each in found[:SHOWN]])
    _tell_of_more(found)


def tickets(*, only_open: bool, as_json: bool) -> None:
    """Print tickets."""
    wanted = TicketFilter(state="open" if only_open else None)
    with reading() as session, session.database.look() as connection:
        if as_json:
            print_json_list(_all("tkt", lambda span: list_tickets(connection, wanted, span)))
            return
        found = list_tickets(connection, wanted, Span(SHOWN + 1))
        now = business_now(connection)
    if not found:
        say("no open tickets" if only_open else "no tickets")
        return
    print_table(TICKET_COLUMNS, [_ticket_row(each, now) for each in found[:SHOWN]])
    _tell_of_more(found)


def operation_row(each: Operation, now: datetime) -> Sequence[Cell]:
    """Return an operation as a row."""
    shown = state(each.state)
    if each.overdue:
        shown.append(" late", "bold red")
    return (
        each.id,
        f"{each.product} {each.verb}",
        each.subject,
        shown,
        _when(each, now),
        each.ticket or "",
    )


def _when(each: Operation, now: datetime) -> str:
    """Return when an operation ended, or by when it has to."""
    if each.ended_at is not None:
        return f"ended {relative(each.ended_at, now)}"
    return f"due {relative(each.deadline_at, now)}"


def _ticket_row(each: Ticket, now: datetime) -> Sequence[Cell]:
    """Return a ticket as a row."""
    opened = relative(each.opened_at, now)
    return (each.id, state(each.state), state(each.severity), opened, clean(each.title))


def _all(kind: Kind, page: Callable[[Span], Sequence[Item]]) -> Iterator[Item]:
    """Yield everything, a page at a time."""
    after = None
    while items := page(Span(PAGE, after)):
        yield from items
        after = key_of(kind, items[-1].id)


def _tell_of_more(found: Sequence[object]) -> None:
    """Say that there is more than was shown."""
    if len(found) > SHOWN:
        warn(f"these are the newest {SHOWN}; narrow the search, or use --json for all")


def _require_known(product: str | None, products: Mapping[str, Product]) -> None:
    """Raise `Refused` for a product that nobody knows."""
    if product is not None and product not in products:
        detail = f"there is no product {product}; known are: {', '.join(products)}"
        raise Refused(Refusal("unknown_product", 422, detail))
