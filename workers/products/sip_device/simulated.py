"""The vendor of SIP devices, played: a registrar with its table of subscribers, and rooms that devices stand in.

A device registers by itself once somebody has plugged it in and typed its password; what it does is told by callbacks
with its MAC address and the subscriber's own sequence.
"""

from typing import Annotated

from pydantic import BaseModel, Field

from workers.products.sip_device.simulated_device import (
    BY_HAND,
    REGISTERS,
    cut_off,
    tell_cut_off,
    user_registers,
    user_unregisters,
)
from workers.simulator.alike import drawn, shown
from workers.simulator.vendor import (
    Action,
    After,
    Answer,
    Call,
    Instance,
    Instances,
    Json,
    RefusedError,
    Vendor,
)

DOMAIN, OUTBOUND_PROXY = "sip.example.com", "sip:proxy.example.com:5061;transport=tls"

#: The list of approved types, with the least firmware of each; one of them no longer meets the security requirements.
TYPES: list[Json] = [
    {"name": "Yealink T54W", "minimum_firmware": "96.86.0.100", "is_secure": True},
    {"name": "Yealink T57W", "minimum_firmware": "97.86.0.100", "is_secure": True},
    {"name": "Poly VVX 450", "minimum_firmware": "6.4.3", "is_secure": True},
    {"name": "Poly Edge E350", "minimum_firmware": "8.0.1", "is_secure": True},
    {"name": "AudioCodes MP-124", "minimum_firmware": "7.2.9", "is_secure": True},
    {"name": "Grandstream HT818", "minimum_firmware": "1.0.43", "is_secure": True},
    {"name": "Yealink T20P", "minimum_firmware": "9.73.0", "is_secure": False},
]

Text = Annotated[str, Field(min_length=1)]
Owners = Annotated[list[Text], Field(min_length=1)]


class NewSubscriber(BaseModel):
    """What is asked of `put_subscriber`."""

    mac: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    type: Text
    owners: Owners
    password: Annotated[str, Field(min_length=8)]
    password_mark: Text


class NewOwners(BaseModel):
    """What is asked of `set_owners`."""

    owners: Owners


class Block(BaseModel):
    """What is asked of `set_blocked`."""

    blocked: bool


class NewWorkspace(BaseModel):
    """What is asked of `put_workspace`."""

    title: Annotated[str, Field(max_length=30)]
    room_type: Text
    capacity: Annotated[int, Field(ge=1)]
    subscription: Text
    licence: Text
    location: Text
    number: Text
    extension: str | None


def show_subscriber(call: Call, subscribers: Instances) -> Answer:
    """Tell a row of the table, without its password."""
    row = subscribers[call.platform_id]
    return Answer(_shown(row, call))


def put_subscriber(call: Call, subscribers: Instances) -> Answer:
    """Write a row; a new one's device is plugged in by somebody, sooner or later."""
    asked = call.read(NewSubscriber).model_dump(exclude={"password"})
    for room in _rooms(subscribers, asked["owners"]):
        room.state["devices"] = sorted({*room.state["devices"], call.platform_id})
    try:
        row = subscribers[call.platform_id]
    except RefusedError:
        kept: Json = {"blocked": False, "bindings": [], "sequence": 0}
        row = subscribers.create(call.platform_id, {**asked, **kept})
        delay = drawn(REGISTERS, call.platform_id, "registers")
        return Answer(_shown(row, call), later=(After(delay, user_registers),))
    row.state |= asked
    return Answer(_shown(row, call))


def set_owners(call: Call, subscribers: Instances) -> Answer:
    """Say whose a device is."""
    row = subscribers[call.platform_id]
    row.state["owners"] = call.read(NewOwners).owners
    return Answer(_shown(row, call))


def set_blocked(call: Call, subscribers: Instances) -> Answer:
    """Refuse registrations and calls, or take that back."""
    row = subscribers[call.platform_id]
    row.state["blocked"] = call.read(Block).blocked
    return Answer(_shown(row, call))


def drop_bindings(call: Call, subscribers: Instances) -> Answer:
    """Drop every binding of a row at once."""
    return Answer({}, later=cut_off(subscribers[call.platform_id]))


def remove_subscriber(call: Call, subscribers: Instances) -> Answer:
    """Take a row out of the table, with its bindings."""
    for room in _rooms(subscribers, subscribers[call.platform_id].state["owners"]):
        room.state["devices"].remove(call.platform_id)
    subscribers.remove(call.platform_id)
    return Answer({})


def show_workspace(call: Call, workspaces: Instances) -> Answer:
    """Tell a workspace."""
    workspace = workspaces[call.platform_id]
    return Answer(shown(workspace, call, workspace.state))


def put_workspace(call: Call, workspaces: Instances) -> Answer:
    """Make a workspace, or change the one of this name."""
    asked = call.read(NewWorkspace).model_dump()
    try:
        workspaces[call.platform_id].state |= asked
    except RefusedError:
        workspaces.create(call.platform_id, {**asked, "devices": []})
    return Answer({})


def remove_workspace(call: Call, workspaces: Instances) -> Answer:
    """Take a workspace away in which no device stands."""
    if workspaces[call.platform_id].state["devices"]:
        raise RefusedError(409, "devices", reason="state_changed")
    workspaces.remove(call.platform_id)
    return Answer({})


def list_types(_: Call, __: Instances) -> Answer:
    """Tell the list of approved types."""
    return Answer({"types": TYPES})


ROW, ROOM = "/subscribers/{platform_id}", "/workspaces/{platform_id}"

VENDOR = Vendor(
    "sip_device",
    actions=(
        Action("GET", ROW, show_subscriber),
        Action("PUT", ROW, put_subscriber),
        Action("PUT", f"{ROW}/owners", set_owners),
        Action("PUT", f"{ROW}/blocked", set_blocked, {"blocked": True}, "block"),
        Action("PUT", f"{ROW}/blocked", set_blocked, {"blocked": False}, "unblock"),
        Action("DELETE", f"{ROW}/bindings", drop_bindings),
        Action("DELETE", ROW, remove_subscriber),
        Action("GET", ROOM, show_workspace),
        Action("PUT", ROOM, put_workspace),
        Action("DELETE", ROOM, remove_workspace),
        Action("GET", "/types", list_types),
        *BY_HAND,
    ),
    changes=(user_registers, user_unregisters, tell_cut_off),
    habits={"register": user_registers},
)


def _rooms(instances: Instances, owners: list[str]) -> list[Instance]:
    """Return the workspaces among owners; refused where there is no such workspace."""
    named = [each.partition(":")[2] for each in owners if each.startswith("workspace:")]
    return [instances[name] for name in named]


def _shown(row: Instance, call: Call) -> Json:
    """Return a row as it is told."""
    named = {"user_name": row.platform_id, "domain": DOMAIN, "outbound_proxy": OUTBOUND_PROXY}
    told = {name: each for name, each in row.state.items() if name != "sequence"}
    return shown(row, call, {**named, **told})
