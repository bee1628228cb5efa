"""A SIP device of a third party that a partner manages himself: what can be asked of it, until when (SD-1 to SD-12)."""

from schema.calendar import business_days, minutes
from schema.lifecycle import Cell, Moves, Product, Verb, row
from schema.products.sip_device.commands import (
    Activate,
    Assign,
    Block,
    Delete,
    DeleteWorkspace,
    Replace,
    ResetPassword,
    Unassign,
    Unblock,
    written_mac,
)
from schema.products.sip_device.rules import (
    LIMITS,
    NAME,
    WORKSPACE,
    guard_activate,
    guard_assign,
    guard_delete_workspace,
    guard_replace,
    guard_unassign,
    knows_workspace,
    makes_workspace,
    owners,
    wants_activate,
    wants_all_places,
    wants_mac,
)

STATES = ("new", "provisioning", "provisioned", "registered", "unregistered", WORKSPACE, "deleted")

Y, N, ALREADY, BUSY = Cell.YES, Cell.NO, Cell.ALREADY, Cell.BUSY

#                     new provisioning provisioned registered unregistered workspace deleted
LIVE = row(STATES, N, BUSY, Y, Y, Y, N, N)

#: What makes a device register: made by us, revealed once (SD-7).
SIP_PASSWORD = "sip_password"  # noqa: S105  a name

#: What may be done with a device that is plugged in late (CO-8).
BESIDE_ACTIVATE = frozenset({"assign", "unassign", "reset_password", "block", "unblock", "replace"})

#: Whatever drops a binding leaves a registered device unregistered, and any other as it was (SD-10).
CUT_OFF = Moves(done={"registered": "unregistered"})

DEVICE = frozenset({"provisioned", "registered", "unregistered"})

PRODUCT = Product(
    name=NAME,
    title="SIP device",
    desk=NAME,
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            takes=row(STATES, N, N, N, N, N, N, N),
            moves=Moves(
                during="provisioning",
                at={"await_registration": "provisioned"},
                done="registered",
                finds=frozenset({"registered", "unregistered"}),
            ),
            limit=business_days(2),
            creates=True,
            through=BESIDE_ACTIVATE,
            replaced_by=frozenset({"delete"}),
            secrets=frozenset({"password"}),
            guard=guard_activate,
            wants=wants_activate,
            makes=makes_workspace,
            knows=knows_workspace,
            steps=("check_device", "make_workspace", "add_device", "await_registration"),
        ),
        "assign": Verb(
            Assign,
            takes=LIVE,
            moves=Moves(),
            guard=guard_assign,
            steps=("name_users", "share_device"),
        ),
        "unassign": Verb(
            Unassign,
            takes=LIVE,
            moves=Moves(),
            guard=guard_unassign,
            steps=("name_users", "share_device"),
        ),
        "replace": Verb(
            Replace,
            takes=LIVE,
            moves=CUT_OFF,
            guard=guard_replace,
            wants=wants_mac,
            steps=("check_device", "change_device", "drop_bindings"),
        ),
        "reset_password": Verb(
            ResetPassword,
            takes=LIVE,
            moves=CUT_OFF,
            steps=("find_device", "set_password", "drop_bindings"),
        ),
        "block": Verb(
            Block,
            takes=LIVE,
            moves=CUT_OFF,
            limit=minutes(5),
            severity="high",
            steps=("block_device", "cut_off"),
        ),
        "unblock": Verb(
            Unblock, takes=LIVE, moves=Moves(), limit=minutes(5), steps=("unblock_device",)
        ),
        "delete": Verb(
            Delete,
            takes=row(STATES, N, N, Y, Y, Y, N, ALREADY),
            moves=Moves(done="deleted"),
            reasons={"provisioning": "the device is being added: cancel its activate instead"},
            steps=("remove_device",),
        ),
        "delete_workspace": Verb(
            DeleteWorkspace,
            takes=row(STATES, N, N, N, N, N, Y, ALREADY),
            moves=Moves(done="deleted"),
            guard=guard_delete_workspace,
            wants=wants_all_places,
            steps=("remove_workspace",),
        ),
    },
    cancel={"new": Y, "provisioning": Y, **dict.fromkeys(DEVICE, Y)},
    billed=DEVICE,
    shown={
        **dict.fromkeys(
            ("mac", "type", "firmware", "users", "workspace", "is_blocked", "disclaimer"), DEVICE
        ),
        **dict.fromkeys(("user_name", "domain", "outbound_proxy"), DEVICE),
        **dict.fromkeys(
            ("name", "room_type", "capacity", "subscription", "licence", "location", "number"),
            frozenset({WORKSPACE}),
        ),
        "extension": frozenset({WORKSPACE}),
    },
    hears={
        "registered": {"provisioned": "registered", "unregistered": "registered"},
        "unregistered": {"registered": "unregistered"},
    },
    heard_of="mac",
    logs_in_with=("mac", "user_name", "domain", "outbound_proxy"),
    renewed_by={SIP_PASSWORD: "reset_password"},
    written={"mac": written_mac},
    limits=LIMITS,
    turns=owners,
    rules={
        "SD-1": "a device is of users, who share it, or of a workspace; unclear names are refused",
        "SD-2": "only approved and secure types with new enough firmware; else the closest three",
        "SD-3": "the customer has the special access, and the disclaimer was accepted",
        "SD-4": "a MAC address is one device's, however it is written",
        "SD-5": "a workspace is there or made, with its number of its location",
        "SD-6": "a workspace takes 5 devices with a professional licence, 1 with a common-area one",
        "SD-7": "a made password is shown once; a reset stops the old one and drops the binding",
        "SD-8": "calls about one owner go to the platform one at a time",
        "SD-9": "devices are added in bulk: each row has its own result",
        "SD-10": "what the registrar sees moves the device; not registered in time, a ticket",
        "SD-11": "delete frees MAC address and place; replace gives all to another device",
        "SD-12": "block cuts registration and calls at once, unblock takes it back",
    },
)
