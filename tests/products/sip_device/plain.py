"""The SIP device as the model knows it: its table in PRODUCTS.md, and SD-4, SD-7, SD-10 to SD-12."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.model.plain_product import PlainProduct, PlainVerb, after, two_business_days
from tests.products.sip_device.examples import EXAMPLES, NUMBER, WORKSPACE

DEVICE = ("provisioned", "registered", "unregistered")
LIVE = {"provisioning": "busy", **dict.fromkeys(DEVICE, "accepted")}
CUT_OFF = {"registered": "unregistered"}


#: These stand in one workspace, and the others are users'.
IN_THE_LOBBY = frozenset({"sip_device-one", "sip_device-three"})


def own_fields(reference: str, verb: str, number: int) -> Mapping[str, object]:
    """Return a MAC address, new ones of which are few, and where the device stands."""
    if verb == "replace":
        return {"mac": f"0050c2{sum(reference.encode()) % 65536:04x}{number % 256:02x}"}
    if verb != "activate":
        return {}
    # The two of the lobby come one after the other, and only its place is to keep them apart.
    turn = number if reference in IN_THE_LOBBY else number // 8
    mac = {"mac": f"0050c2ffff{turn % 2:02x}"}
    if reference not in IN_THE_LOBBY:
        return mac
    return {**mac, "users": None, "workspace": {"reference": "lobby"}}


def place_of(reference: str) -> tuple[str, int] | None:
    """Return that a common area takes one device (SD-6)."""
    return ("workspace", 1) if reference in IN_THE_LOBBY else None


def make_lobby(world: Any) -> Mapping[str, str]:
    """Make a common area beside its first device, which goes again."""
    new = {**WORKSPACE, "licence": "common_area"}
    fields = {
        **EXAMPLES["activate"],
        "users": None,
        "workspace": {"reference": "lobby", "new": new},
    }
    world.submit("activate", "phone", product="sip_device", fields=fields)
    world.work()
    world.platform.person("sip_device", "acme/phone", "user_registers")
    world.work()
    world.submit("delete", "phone", product="sip_device")
    world.work()
    assert world.rows.service("lobby")["state"] == "workspace"
    assert world.rows.service("phone")["state"] == "deleted"
    return {NUMBER: "lobby"}


def shared(facts: Mapping[str, object]) -> str:
    """Return what is owed to who wants to share a device: nobody shares one of a workspace (SD-1)."""
    return "in_workspace" if facts.get("workspace") else "accepted"


PLAIN = PlainProduct(
    name="sip_device",
    maker="activate",
    verbs={
        "activate": PlainVerb(
            takes={},
            during="provisioning",
            on_the_way="provisioned",
            done="registered",
            finds=frozenset({"registered", "unregistered"}),
            limit=two_business_days,
            through=frozenset(
                {"assign", "unassign", "reset_password", "block", "unblock", "replace"}
            ),
            replaced_by=frozenset({"delete"}),
            waits_for_people=True,
        ),
        "assign": PlainVerb(takes=LIVE, guard=shared),
        "unassign": PlainVerb(takes=LIVE, guard=shared),
        "replace": PlainVerb(takes=LIVE, done=CUT_OFF, no_return="put_subscriber"),
        "reset_password": PlainVerb(takes=LIVE, done=CUT_OFF, no_return="put_subscriber"),
        "block": PlainVerb(
            takes=LIVE, done=CUT_OFF, limit=after(timedelta(minutes=5)), no_return="drop_bindings"
        ),
        "unblock": PlainVerb(takes=LIVE, limit=after(timedelta(minutes=5))),
        "delete": PlainVerb(
            takes={**dict.fromkeys(DEVICE, "accepted"), "deleted": "already"},
            done="deleted",
            no_return="remove_subscriber",
        ),
    },
    cancel=dict.fromkeys(("new", "provisioning", *DEVICE), "undone"),
    at_rest={"deleted": [], **{state: [{"domain": "sip.example.com"}] for state in DEVICE}},
    refusable="set_owners",
    hears={
        "registered": {"provisioned": "registered", "unregistered": "registered"},
        "unregistered": {"registered": "unregistered"},
    },
    heard_of="mac",
    state_of=lambda kept: "registered" if kept["bindings"] else "unregistered",
    references=("one", "two", "three"),
    fields=own_fields,
    unique={"mac": "mac_address"},
    place_of=place_of,
    before=make_lobby,
)
