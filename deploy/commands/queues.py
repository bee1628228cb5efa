"""`turnup queues`: for each product what waits, since when, and what is late; once, or again and again."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from deploy.commands.session import Session, reading
from deploy.display.screen import Cell, is_terminal, print_json, print_table, say
from deploy.display.words import STYLES, briefly
from producers.queues import look_at_queues, queues_of
from schema.store.figures import Standing

#: Between two looks, in seconds.
PAUSE = 1.0

#: What is overdue for longer than this has nobody who takes it, in seconds.
LONG = 60.0

NAMES = ("product", "waiting", "due", "oldest", "busy", "line", "parked", "next", "late", "tickets")


def queues(*, watches: bool, as_json: bool) -> None:
    """Print how each product stands, or show it until somebody presses Ctrl-C."""
    with reading() as session:
        if watches:
            _watch(session)
            return
        found, now = _look(session)
    if as_json:
        print_json(queues_of(found, now))
        return
    print_table(NAMES, rows(found, now))


def rows(found: Mapping[str, Standing], now: datetime) -> list[Sequence[Cell]]:
    """Return a row of cells for each product."""
    return [
        (
            Text(f"{name} (paused)", "dim") if each.is_paused else name,
            str(each.waiting),
            str(each.due.count),
            _age(each, now),
            str(each.in_flight),
            str(each.in_line.count),
            _bad(each.parked.count, "parked"),
            briefly(each.next_due, now) if each.next_due else "",
            _bad(each.late, "overdue"),
            _bad(each.tickets, "open"),
        )
        for name, each in found.items()
    ]


def _look(session: Session) -> tuple[Mapping[str, Standing], datetime]:
    """Return how each product stands, and business time."""
    return look_at_queues(session.database, session.settings.products)


def _watch(session: Session) -> None:
    """Show it again and again; without a terminal, as lines below each other."""
    try:
        if not is_terminal():
            while True:
                print_table(NAMES, rows(*_look(session)))
                say("")
                time.sleep(PAUSE)
        with Live(_table(*_look(session)), console=Console(highlight=False)) as live:
            while True:
                time.sleep(PAUSE)
                live.update(_table(*_look(session)))
    except KeyboardInterrupt:
        return


def _table(found: Mapping[str, Standing], now: datetime) -> Table:
    """Return one look as a table."""
    table = Table(*NAMES, box=None, padding=(0, 1, 0, 0), header_style="bold")
    for row in rows(found, now):
        table.add_row(*row)
    table.caption, table.caption_justify = f"{now:%Y-%m-%d %H:%M:%S}Z", "left"
    return table


def _age(each: Standing, now: datetime) -> Text:
    """Return for how long the oldest that is due has waited for somebody to take it."""
    if not each.due.oldest:
        return Text()
    told = briefly(each.due.oldest, now).removesuffix(" ago")
    is_long = each.due.age(now).total_seconds() > LONG and not each.is_paused
    return Text(told, STYLES["overdue"] if is_long else "")


def _bad(count: int, style: str) -> Text:
    """Return a number that is better 0."""
    return Text(str(count), STYLES[style] if count else "")
