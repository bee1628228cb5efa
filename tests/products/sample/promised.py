"""What the sample product promises: a line that is opened, renamed and closed.

It has what products may have: a verb that is let through while another waits, a deadline in
business days, and a point of no return.
"""

from typing import Annotated

from pydantic import StringConstraints

from schema.calendar import business_days, minutes
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Verb, row

STATES = ("new", "opening", "open", "closing", "deleted")

Y, N, ALREADY, BUSY = Cell.YES, Cell.NO, Cell.ALREADY, Cell.BUSY

LineName = Annotated[str, StringConstraints(min_length=1, max_length=30)]


class Open(Command):
    """Reserve a place, connect and start the line there, and wait until it is active."""

    name: LineName
    number: str = "+390612345678"


class Rename(Command):
    """Give the line another name, also while it is being opened."""

    name: LineName


class Close(Command):
    """Refuse calls, then wipe the line: from there on there is no way back."""


PRODUCT = Product(
    name="sample",
    title="Sample line",
    desk="sample_desk",
    states=STATES,
    verbs={
        "open": Verb(
            Open,
            takes=row(STATES, N, BUSY, ALREADY, BUSY, N),
            moves=Moves(during="opening", done="open"),
            limit=business_days(2),
            creates=True,
            through=frozenset({"rename"}),
            steps=("reserve_place", "connect_line", "start_line", "await_line"),
        ),
        "rename": Verb(
            Rename,
            takes=row(STATES, N, Y, Y, BUSY, N),
            moves=Moves(),
            limit=minutes(15),
            through=frozenset({"rename"}),
            steps=("rename_line",),
        ),
        "close": Verb(
            Close,
            takes=row(STATES, N, BUSY, Y, BUSY, ALREADY),
            moves=Moves(during="closing", done="deleted"),
            limit=minutes(15),
            steps=("refuse_calls", "wipe_line", "remove_line"),
        ),
    },
    cancel={"new": Y, "opening": Y, "closing": Y},
    billed=frozenset({"open", "closing"}),
    shown={"line_id": frozenset({"open"})},
)
