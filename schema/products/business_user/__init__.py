"""A user of a hosted business telephone site: what can be asked for him, when, and until when (BU-1 to BU-14)."""

from schema.calendar import business_days
from schema.lifecycle import Cell, Moves, Product, Verb, row
from schema.products.business_user.asking import (
    extension_of,
    refuse_group,
    refuse_login,
    refuse_update,
    wanted,
)
from schema.products.business_user.commands import (
    Activate,
    ChangeServices,
    Delete,
    JoinGroup,
    LeaveGroup,
    NewLogin,
    NewPasswords,
    ResetAccount,
    SetPassword,
    Update,
)

__all__ = [
    "BESIDE_ACTIVATE",
    "PHONE_LOGIN",
    "PRODUCT",
    "Activate",
    "ChangeServices",
    "Delete",
    "JoinGroup",
    "LeaveGroup",
    "NewLogin",
    "NewPasswords",
    "ResetAccount",
    "SetPassword",
    "Update",
    "extension_of",
]

STATES = ("new", "pending", "activated", "failed", "deleted")
LIVE = frozenset({"pending", "activated", "failed"})

Y, N, ALREADY = Cell.YES, Cell.NO, Cell.ALREADY

#: What a desk phone is logged in with: revealed once, each time that it is made (BU-9, BU-10).
PHONE_LOGIN = "phone_login"

#: What may be done for a user who waits to be activated (BU-5).
BESIDE_ACTIVATE = frozenset({"change_services", "join_group", "leave_group"})

#: Why a state refuses what it does.
IN_STATE = {
    "pending": "the user is not activated yet: only services, profile, pickup and park can be changed",
    "failed": "the user could not be activated, and can be neither changed nor deleted here: the One "
    "Net Business team has a ticket, and the platform will say that he is activated or removed",
}

#: What is done beside an activation can be taken back as anything can (CO-3).
PENDING = {"pending": Y}

#: In which states what can be done.
WHEN_ACTIVATED = row(STATES, N, N, Y, N, N)
WHILE_PENDING_TOO = row(STATES, N, Y, Y, N, N)

PRODUCT = Product(
    name="business_user",
    title="Business user",
    desk="one_net_business",
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            takes=row(STATES, N, N, N, N, N),
            moves=Moves(
                during="pending",
                at={"join_deferred_groups": "activated"},
                done="activated",
                finds=frozenset({"failed"}),
            ),
            limit=business_days(2),
            creates=True,
            through=BESIDE_ACTIVATE,
            wants=wanted,
            steps=("add_user", "make_login", "await_activation", "join_deferred_groups"),
        ),
        "update": Verb(
            Update,
            takes=WHEN_ACTIVATED,
            moves=Moves(),
            reasons=IN_STATE,
            wants=wanted,
            guard=refuse_update,
            steps=("change_user", "make_changed_login"),
        ),
        "change_services": Verb(
            ChangeServices,
            takes=WHILE_PENDING_TOO,
            moves=Moves(),
            reasons=IN_STATE,
            cancel=PENDING,
            steps=("change_services",),
        ),
        "join_group": Verb(
            JoinGroup,
            takes=WHILE_PENDING_TOO,
            moves=Moves(),
            reasons=IN_STATE,
            guard=refuse_group,
            cancel=PENDING,
            steps=("join_group",),
        ),
        "leave_group": Verb(
            LeaveGroup,
            takes=WHILE_PENDING_TOO,
            moves=Moves(),
            reasons=IN_STATE,
            cancel=PENDING,
            steps=("leave_group",),
        ),
        "new_login": Verb(
            NewLogin,
            takes=WHEN_ACTIVATED,
            moves=Moves(),
            reasons=IN_STATE,
            guard=refuse_login,
            steps=("make_new_login",),
        ),
        "new_passwords": Verb(
            NewPasswords,
            takes=WHEN_ACTIVATED,
            moves=Moves(),
            reasons=IN_STATE,
            guard=refuse_login,
            steps=("make_new_password",),
        ),
        "set_password": Verb(
            SetPassword,
            takes=WHEN_ACTIVATED,
            moves=Moves(),
            reasons=IN_STATE,
            secrets=frozenset({"password"}),
            guard=refuse_login,
            steps=("set_password",),
        ),
        "reset_account": Verb(
            ResetAccount,
            takes=WHEN_ACTIVATED,
            moves=Moves(),
            reasons=IN_STATE,
            steps=("reset_account",),
        ),
        "delete": Verb(
            Delete,
            takes=row(STATES, N, N, Y, N, ALREADY),
            moves=Moves(done="deleted"),
            reasons=IN_STATE,
            advice="a deleted user cannot be brought back; instead of deleting and adding a user, "
            "ask the One Net Business team",
            steps=("find_members", "delete_user"),
        ),
    },
    # Once the platform was called for an activation, that goes on (CO-3).
    cancel={"new": Y, "pending": N, "activated": Y, "failed": N},
    billed=frozenset({"activated"}),
    shown={
        **dict.fromkeys(("first_name", "last_name", "user_name", "email", "services"), LIVE),
        **dict.fromkeys(("number", "extension", "mobile", "contract_number"), LIVE),
        **dict.fromkeys(("desk_phone", "package", "options", "groups"), LIVE),
        "deferred": frozenset({"pending", "failed"}),
        "members_to_tell": frozenset({"deleted"}),
    },
    renewed_by={PHONE_LOGIN: "new_passwords"},
    rules={
        "BU-1": "a desk phone, or none with a mobile; a mobile always with its contract number",
        "BU-2": "names of 23 and 30 characters, a user name without + - & @ and spaces, an e-mail",
        "BU-3": "the extension is the last four digits unless given; taken, it has to be given",
        "BU-4": "pending until the platform says; failed, or 2 business days: a ticket to the team",
        "BU-5": "while pending only services and groups; hunt_group, call_centre when_activated",
        "BU-6": "failed: nothing is taken, and it ends only by the platform's word",
        "BU-7": "delete frees the number at once, leaves all groups, and names who has to be told",
        "BU-8": "update: user name, number (keeps the extension), telephones, package, options",
        "BU-9": "desk-phone login details are shown once, and never where there is no desk phone",
        "BU-10": "new_passwords of many users are one CSV, shown once; set_password gives one to them",
        "BU-11": "reset_account only once the user has tried to reset user name or password",
        "BU-12": "a supervisor in a call centre needs no supervisor service",
        "BU-13": "there is no deactivate",
        "BU-14": "a telephone number is no identity and no deduplication key",
    },
)
