"""The products that are measured beside one another: three steps, each of which makes one call to its platform."""

from schema.calendar import hours
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Verb
from workers.transport import Change, Transport
from workers.workflow import Done, Outcome, Step, Work, Workflow

STATES = ("new", "active", "deleted")


class Activate(Command):
    """Bring a thing into operation."""


def product(name: str) -> Product:
    """Return one of the products, which differ in their platform alone."""
    takes = dict(zip(STATES, (Cell.NO, Cell.ALREADY, Cell.NO), strict=True))
    verb = Verb(Activate, takes=takes, moves=Moves(done="active"), limit=hours(4), creates=True)
    return Product(name, name.title(), "bench_desk", STATES, {"activate": verb}, cancel={})


def connect(transport: Transport) -> Transport:
    """Return the way to the platform, which knows one call."""
    return transport


async def reserve(work: Work, platform: Transport) -> Outcome:
    return await _call(work, platform)


async def assign(work: Work, platform: Transport) -> Outcome:
    return await _call(work, platform)


async def switch_on(work: Work, platform: Transport) -> Outcome:
    return await _call(work, platform)


async def _call(work: Work, platform: Transport) -> Outcome:
    await platform.change("POST", "/things", Change.of(work), {})
    return Done({"is_done": True})


WORKFLOWS = (Workflow(Activate, (Step(reserve), Step(assign), Step(switch_on))),)
