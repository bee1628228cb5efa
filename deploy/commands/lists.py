"""`turnup list` and `turnup tickets`: what there is, newest first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from rich.text import Text

from deploy.commands.session import reading
from deploy.display.screen import Cell, print_json_list, print_table, say, warn
from deploy.display.words import briefly, clean, since_when, state
from schema.errors import Refusal, Refused
from schema.ids import Kind, key_of
from schema.lifecycle import Product
from schema.store.clock import business_now
from schema.store.pauses import paused_products
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

Item = TypeVar("Item", Operation, Ticket)


def operations(wanted: OperationFilter, *, as_json: bool) -> None:
    """Print operations."""
    with reading() as session, session.database.look() as connection:
        _require_known(wanted.product, session.settings.products)
        if as_json:
            print_json_list(_all("op", lambda span: list_operations(connection, wanted, span)))
            return
        found = list_operations(connection, wanted, Span(SHOWN + 1))
        now, paused = business_now(connection), paused_products(connection)
    if not found:
        none = f"no operations in the database {session.database.place}"
        say(none if wanted == OperationFilter() else "no such operations")
        return
    print_operations(found[:SHOWN], now, many_products=len(session.settings.products) > 1)
    _tell_of_more(found)
    going = {each.product for each in found[:SHOWN] if each.ended_at is None}
    for name in sorted(going & paused.keys()):
        warn(f"{name} is paused {since_when(name, paused[name])}")


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
    print_tickets(found[:SHOWN], now, many_products=len(session.settings.products) > 1)
    _tell_of_more(found)


def print_operations(
    found: Sequence[Operation], now: datetime, *, many_products: bool = False
) -> None:
    """Print operations as a table; the product is named where there are several."""
    names = ("id", *(("product",) if many_products else ()), "command")
    rows: list[Sequence[Cell]] = []
    for each in found:
        product = (each.product,) if many_products else ()
        shown = (each.subject, _state(each), _when(each, now), each.ticket or "")
        rows.append((each.id, *product, each.verb, *shown))
    print_table((*names, "service", "state", "when", "ticket"), rows)


def print_tickets(found: Sequence[Ticket], now: datetime, *, many_products: bool = False) -> None:
    """Print tickets as a table; a title repeats no column, and names the product only where there are several."""
    rows: list[Sequence[Cell]] = []
    for each in found:
        shown = state(each.state)
        if each.severity != "normal":
            shown.append(", ").append_text(state(each.severity))
        product, _, title = each.title.rpartition(f"{each.reference}: ")
        title = clean(product + title if many_products else title)
        opened = briefly(each.opened_at, now)
        rows.append((each.id, shown, opened, each.operation, each.reference, title))
    print_table(("id", "state", "opened", "operation", "service", "title"), rows)


def _state(each: Operation) -> Text:
    """Return where an operation stands: `parked` is a wait for a person, `cancelling` is on its way back."""
    is_special = each.ended_at is None and each.reason in {"parked", "cancelling"}
    shown = state(each.reason if is_special and each.reason else each.state)
    return shown.append(" late", "bold red") if each.overdue else shown


def _when(each: Operation, now: datetime) -> str:
    """Return when an operation ended, or by when it has to."""
    if each.ended_at is not None:
        return briefly(each.ended_at, now)
    told = f"due {briefly(each.deadline_at, now)}"
    if each.next_try_at is None:
        return told
    return f"{told}, next try {briefly(each.next_try_at, now)}"


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
