"""A product made for the doors: a box that is removed only after its Admins have confirmed it."""

from schema.calendar import minutes
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Verb
from tests.producers.events import Event

Y, N, ALREADY = Cell.YES, Cell.NO, Cell.ALREADY


class Activate(Command):
    """Set a box up."""


class Remove(Command):
    """Take a box away for good."""


BOX = Product(
    name="box",
    title="A box",
    desk="provider_support",
    states=("new", "active", "deleted"),
    verbs={
        "activate": Verb(
            Activate,
            takes={"active": ALREADY},
            moves=Moves(done="active"),
            limit=minutes(15),
            creates=True,
        ),
        "remove": Verb(
            Remove,
            takes={"active": Y, "deleted": ALREADY},
            moves=Moves(done="deleted"),
            limit=minutes(15),
            replaced_by=frozenset({"remove"}),
            confirmable=True,
        ),
    },
    cancel={"new": Y, "active": Y},
)


def ask(verb: str, identity: str, service_name: str = "acme/box-1", **fields: object) -> Event:
    """A command about a box."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "crm",
        "type": f"turnup.box.{verb}",
        "subject": service_name,
        "data": fields,
    }
