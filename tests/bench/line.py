"""The product that is measured: a line that is activated in three steps, each of which learns a small fact.

It speaks to no platform, so that what is measured is Turnup. A command's `pause` keeps the second
step busy for so many seconds: long enough to kill its worker.
"""

import asyncio

from pydantic import Field

from schema.calendar import hours
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Verb
from workers.workflow import Done, Outcome, Step, Work, Workflow

STATES = ("new", "active", "deleted")


class Activate(Command):
    """Bring a line into operation."""

    name: str
    pause: float = Field(0, ge=0, le=25)


PRODUCT = Product(
    name="line",
    title="Line",
    desk="bench_desk",
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            takes=dict(zip(STATES, (Cell.NO, Cell.ALREADY, Cell.NO), strict=True)),
            moves=Moves(done="active"),
            limit=hours(4),
            creates=True,
        )
    },
    cancel={},
)


def connect(_transport: object) -> None:
    """Connect to nothing."""


async def reserve_number(work: Work, _platform: None) -> Outcome:
    return Done({"number": "+390612345678"})


async def connect_line(work: Work, _platform: None) -> Outcome:
    assert isinstance(work.command, Activate)
    if work.command.pause:
        await asyncio.sleep(work.command.pause)
    return Done({"port": work.facts["reserve_number"]["number"][-4:]})


async def switch_on(work: Work, _platform: None) -> Outcome:
    return Done({"is_on": bool(work.facts["connect_line"]["port"])})


WORKFLOWS = (Workflow(Activate, (Step(reserve_number), Step(connect_line), Step(switch_on))),)
