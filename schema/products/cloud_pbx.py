"""A whole telephone system in the cloud: what can be asked of it, when, and until when (CP-1 to CP-9)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schema.calendar import WorkCalendar, business_days, minutes
from schema.command import Command
from schema.lifecycle import Cell, Moves, Product, Promise, Verb, row

STATES = ("new", "activating", "active", "deactivating", "deactivated", "deleting", "deleted")

#: By this the Delivery department has erased everything, by its own calendar (CP-8).
DELIVERY = Promise(business_days(2), WorkCalendar("IT", None, "Europe/Rome"))

#: Records that the law wants kept; they stay when everything else is erased (CP-7).
RETAINED = ("invoices", "call_records")

Y, N, ALREADY, BUSY = Cell.YES, Cell.NO, Cell.ALREADY, Cell.BUSY


class Activate(Command):
    """Bring the instances up; also from `deactivated`, where the data is still there (CP-1)."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    location: Annotated[str, StringConstraints(min_length=1, max_length=80)] | None = None
    extensions: int = Field(ge=1, le=100_000)


class Deactivate(Command):
    """Refuse access, deregister every extension and switch the instances off; delete nothing (CP-2)."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class Delete(Command):
    """Erase everything and end billing, once an Admin has confirmed it with the code from his mail (CP-5)."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


PRODUCT = Product(
    name="cloud_pbx",
    title="Cloud PBX",
    desk="provider_support",
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            #               new  activating active deactivating deactivated deleting deleted
            takes=row(STATES, N, BUSY, ALREADY, BUSY, Y, N, N),
            moves=Moves(during="activating", done="active"),
            limit=minutes(15),
            creates=True,
            steps=("create_instances", "allow_access", "switch_on_instances"),
        ),
        "deactivate": Verb(
            Deactivate,
            takes=row(STATES, N, BUSY, Y, BUSY, ALREADY, N, N),
            moves=Moves(during="deactivating", done="deactivated"),
            limit=minutes(15),
            steps=("refuse_access", "deregister_extensions", "switch_off_instances"),
        ),
        "delete": Verb(
            Delete,
            takes=row(STATES, N, BUSY, Y, BUSY, Y, N, ALREADY),
            moves=Moves(at={"open_work_order": "deleting"}, done="deleted"),
            # Until the first copy of the code is mailed (CP-6); each copy and the code itself set a later one.
            limit=minutes(15),
            replaced_by=frozenset({"delete"}),
            confirmable=True,
            confirmed=DELIVERY,
            steps=("await_code", "open_work_order", "erase_data", "remove_erased_instances"),
        ),
    },
    cancel={"new": Y, "activating": Y, "deactivating": N, "deleting": N},
    billed=frozenset({"active", "deactivating", "deactivated", "deleting"}),
    shown={
        "portal_url": frozenset({"active"}),
        "sip_domain": frozenset({"active"}),
        "consumption": frozenset({"deleted"}),
    },
    rules={
        "CP-1": "activate brings the instances up, also from deactivated with all the data",
        "CP-2": "deactivate refuses access and switches off; no extension and no data is deleted",
        "CP-3": "deactivation takes 15 minutes at most, else a ticket to provider support",
        "CP-4": "a deactivated service is billed on; only deletion ends it",
        "CP-5": "delete first mails a code of 8 digits to all Admins; without one it is refused",
        "CP-6": "a code holds for 1 hour from its mailing and works once; the fifth wrong one ends it",
        "CP-7": "the right code opens the work order, erases all data and then ends the billing",
        "CP-8": "deleted within 2 business days by the Delivery department's calendar",
        "CP-9": "confirmed on Friday before the holiday: until Wednesday 18:00 in Rome",
        "CP-10": "partners reach their customers' services and nobody else's",
    },
)
