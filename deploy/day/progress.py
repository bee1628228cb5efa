"""How a day, or a skip of time, goes on, shown while it does: in a terminal in place, elsewhere a line now and then."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deploy.display.screen import warn
from deploy.display.words import STYLES
from schema.store.clock import business_now
from schema.store.database import Database
from schema.store.tally import Tally, tally

Watch = Callable[[], None]
Show = Callable[[datetime, Sequence[Tally]], None]

#: Between two pictures in a terminal, and two lines elsewhere, in seconds.
PICTURE, LINE = 0.2, 2.0

#: A customer's name gets so many columns at most.
NAME = 24


@contextmanager
def progress(database: Database) -> Iterator[Watch]:
    """Show how a day goes on, as often as `Watch` is called and not too often, on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _watch(database, _say, LINE)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def show(now: datetime, tallies: Sequence[Tally]) -> None:
            live.update(picture(now, tallies, console.height - 1), refresh=True)

        yield _watch(database, show, PICTURE)


@contextmanager
def one_line(tell: Callable[[], str]) -> Iterator[Watch]:
    """Show what is told, as often as `Watch` is called and not too often, on standard error."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _seldom(lambda: warn(tell()), LINE)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield _seldom(lambda: live.update(Text(tell()), refresh=True), PICTURE)


def _watch(database: Database, show: Show, pause: float) -> Watch:
    """Return what looks at the database and shows it, unless it has just done so."""

    def look() -> None:
        with database.look() as connection:
            now, tallies = business_now(connection), tally(connection)
        show(now, tallies)

    return _seldom(look, pause)


def _seldom(do: Callable[[], None], pause: float) -> Watch:
    """Return what does something, unless it has just done so."""
    done = time.monotonic() - pause + PICTURE

    def watch() -> None:
        nonlocal done
        if time.monotonic() < done + pause:
            return
        do()
        done = time.monotonic()

    return watch


def picture(now: datetime, tallies: Sequence[Tally], height: int) -> RenderableType:
    """Return business time and a bar for each customer, as many as fit in."""
    head = Text.assemble((f"{now:%a %Y-%m-%d %H:%M:%S}Z", "bold"), ("  business time", "dim"))
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(max_width=NAME, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=1, min_width=4)
    for _ in range(4):
        table.add_column(no_wrap=True, justify="right")
    places = max(height - 1, 1)
    for each in tallies if len(tallies) <= places else tallies[: places - 1]:
        table.add_row(*_row(each))
    if len(tallies) > places:
        table.add_row(f"and {len(tallies) - places + 1} more")
    return Group(head, table)


def _row(each: Tally) -> Sequence[RenderableType]:
    """Return a customer's row."""
    return (
        each.customer,
        ProgressBar(total=max(each.accepted, 1), completed=each.ended),
        f"{each.ended} of {each.accepted} ended",
        Text(f"{each.waiting} waiting", STYLES["waiting"] if each.waiting else "dim"),
        Text(f"{each.late} late", STYLES["overdue"] if each.late else "dim"),
        Text(_count(each.tickets, "ticket"), STYLES["open"] if each.tickets else "dim"),
    )


def _say(now: datetime, tallies: Sequence[Tally]) -> None:
    """Say in one line how far the day is."""
    accepted, ended, waiting, late, tickets = (
        sum(getattr(each, name) for each in tallies)
        for name in ("accepted", "ended", "waiting", "late", "tickets")
    )
    warn(
        f"{now:%a %Y-%m-%d %H:%M:%S}Z  {ended} of {accepted} ended, {waiting} waiting, "
        f"{late} late, {_count(tickets, 'ticket')} open"
    )


def _count(number: int, what: str) -> str:
    """Return a number of things."""
    return f"{number} {what}{'' if number == 1 else 's'}"
