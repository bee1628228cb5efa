"""What the proofs ask of sip_device: the fields of each verb, and what must not be logged."""

from datetime import timedelta
from typing import Any

from schema.ids import public_id
from tests.world.worker import SEALER
from workers.products.sip_device.credentials import made_password

MAC, OTHER_MAC = "0050c2000001", "0050c2000002"

DISCLAIMER = {"accepted_by": "Anna Bianchi", "accepted_at": "2026-05-04T09:00:00+02:00"}

#: An approved type with firmware that is new enough.
TYPE = {"type": "Yealink T54W", "firmware": "96.86.0.120"}

EXAMPLES: dict[str, dict[str, Any]] = {
    "activate": {
        **TYPE,
        "mac": MAC,
        "users": ["maria.rossi", "ugo.verdi"],
        "disclaimer": DISCLAIMER,
    },
    "assign": {"users": ["Ivo Neri"]},
    "unassign": {"users": ["ugo.verdi"]},
    "replace": {**TYPE, "mac": OTHER_MAC},
    "reset_password": {},
    "block": {"reason": "calls to far countries at night"},
    "unblock": {},
    "delete": {"reason": "broken"},
    "delete_workspace": {"reason": "the room is let"},
}


def password_of(operation: int) -> str:
    """Return the password that an operation makes."""
    return made_password(SEALER.made(f"{public_id('op', operation)} sip_password")[0])


#: What must be seen nowhere in the clear: the passwords of the proofs' first operations.
SECRETS = tuple(password_of(operation) for operation in (1, 2, 3))

NUMBER, OTHER_NUMBER = "+390612345004", "+390612345005"

WORKSPACE: dict[str, Any] = {
    "name": "Sala riunioni",
    "room_type": "meeting",
    "capacity": 8,
    "subscription": "sub-1",
    "licence": "professional",
    "location": "Roma",
    "number": NUMBER,
    "extension": "504",
}

#: The customer has the special access, people, and numbers at a place with an emergency address.
CUSTOMER: dict[str, Any] = {
    "admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}],
    "entitlements": {"sip_device": 1},
    "sites": [{"name": "Roma", "emergency_address": "Via Appia 1, Roma"}],
    "numbers": [{"e164": f"+39061234500{n}", "site": "Roma"} for n in range(1, 6)],
    "users": [
        {"user_name": "maria.rossi", "name": "Maria Rossi"},
        {"user_name": "ugo.verdi", "name": "Ugo Verdi"},
        {"user_name": "ivo.neri", "name": "Ivo Neri"},
        {"user_name": "ugo2", "name": "Ugo Verdi"},
    ],
}

#: What is done at the device, by what the platform then tells.
PEOPLE = {"registered": "user_registers", "unregistered": "user_unregisters"}


def make_workspace(world: Any) -> None:
    """Make the workspace `one` beside its first device, `phone`."""
    fields = {**EXAMPLES["activate"], "workspace": {"reference": "one", "new": WORKSPACE}}
    del fields["users"]
    world.submit("activate", "phone", fields=fields)
    world.settle(timedelta(days=1))
    world.submit("delete", "phone")
    world.settle(timedelta(hours=1))


#: A workspace comes with its first device, and stays without it.
WAYS = {"workspace": make_workspace}

#: What is unblocked is blocked.
BEFORE = {"unblock": "block"}
