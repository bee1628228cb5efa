"""An account for encrypted calls, in an app or a desk phone: what is promised of it, and until when (SA-1 to SA-9)."""

from collections.abc import Mapping
from typing import Any

from schema.asking import Asked, Takes, Thing, Wanted
from schema.calendar import business_days
from schema.errors import Fault, Refusal
from schema.lifecycle import Cell, Moves, Product, Verb, row
from schema.products.secure_account.commands import (
    SETTINGS,
    Activate,
    Delete,
    Disable,
    Edit,
    Enable,
    Refresh,
    RevokeKeys,
    SendActivation,
    SendInstallation,
)

STATES = ("new", "never_activated", "by_operator", "enabled", "deleted")
LIVE = frozenset({"never_activated", "by_operator", "enabled"})

Y, N, ALREADY = Cell.YES, Cell.NO, Cell.ALREADY

#: Both links are secrets (CO-4): to the app, and to its configuration (SA-3).
INSTALLATION_LINK, ACTIVATION_LINK = "installation_link", "activation_link"

#: What may be done about an account while it waits for its device (CO-8).
BESIDE_ACTIVATE = frozenset({"send_installation", "send_activation", "refresh", "edit"})

#: What the platform says of an account as it stands: its keys, its messages (SA-4), its licence (SA-9).
STATUS = (
    "keys",
    "keys_by",
    "installation_message",
    "activation_message",
    "licence_from",
    "licence",
)

#: What the columns of a batch are called (SA-2).
COLUMNS = {"fullName": "full_name", "gsmNumber": "gsm_number", "securityModel": "security_model"}

#: What tells that a message was clicked, and which (SA-4).
CLICKED = {
    "installation_clicked": "installation_message",
    "activation_clicked": "activation_message",
    "configuration_fetched": "activation_message",
}

#: How often the user is reminded of an activation link, and how many business hours after each time (SA-5).
LIMITS = {"reminders": 3, "reminder_hours": 4}

#: What never changes (SA-8).
GIVEN = ("type", "way", "user_name")

#: Every account is on one server, which tells names apart whatever their case.
SERVER = "secure_account"


def names_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return what an account is called and reached by, where nothing else is given made from its GSM number."""
    digits = str(fields.get("gsm_number") or "").removeprefix("+")
    return {name: fields.get(name) or digits for name in ("user_name", "virtual_number")}


def way_to_the_user(by: str | None, known: Mapping[str, Any]) -> str:
    """Return how a link goes to the user: as is asked for now, or was before, or as it can (SA-3)."""
    can = "sms" if known.get("gsm_number") else "email" if known.get("email") else "message"
    return by or known.get("messages_by") or can


def _names_wanted(asked: Asked) -> Takes:
    """Return the names that an account takes, each unique on the server (SA-1)."""
    return _takes(asked, names_of(asked.fields))


def _number_wanted(asked: Asked) -> Takes:
    """Return the virtual number that an `edit` takes, if it changes that."""
    number = asked.fields.get("virtual_number")
    return _takes(asked, {"virtual_number": number} if number else {})


def _takes(asked: Asked, names: Mapping[str, str]) -> Takes:
    """Return names to take; a virtual number that names its country is one of the inventory's too (CO-11)."""
    number = asked.fields.get("virtual_number") or ""
    numbers = (Wanted(number, "virtual_number"),) if number.startswith("+") else ()
    return Takes(tuple(_thing(*each) for each in names.items()), numbers=numbers)


def _thing(name: str, value: str) -> Thing:
    """Return a name as only one account has it."""
    said = f"the {name.replace('_', ' ')} {value} belongs to an account already; give another one"
    return Thing(name, SERVER, value.removeprefix("+").casefold(), name, said)


def _can_send(asked: Asked) -> Refusal | None:
    """Refuse links to desk phones, and to where there is no number or address (SA-3)."""
    if asked.facts.get("type") == "snom":
        return Refusal("not_for_desk_phones", 409, "a desk phone (snom) is configured by hand")
    by = way_to_the_user(asked.fields.get("by"), asked.facts)
    needs = {"sms": "gsm_number", "email": "email"}.get(by)
    if needs is None or asked.facts.get(needs):
        return None
    detail = f"the account has no {needs}; give it one by edit"
    return Refusal("not_reachable", 409, detail, (Fault("/data/by", detail),))


def _can_revoke(asked: Asked) -> Refusal | None:
    """Return that there are no keys to revoke; whether they are revoked already, the platform knows better (SA-7)."""
    keys = asked.facts["keys"]
    detail = "no keys of the account are known, and only its device makes them; refresh asks again"
    return Refusal("no_keys", 409, detail, facts={"keys": keys}) if keys == "none" else None


def _learned(kind: str, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the account keeps of what its platform, or a gateway's receipt, told (SA-4, SA-7, SA-9)."""
    message = CLICKED.get(kind)
    status = {name: told[name] for name in STATUS if name in told}
    return {**status, message: "clicked"} if message else status


PRODUCT = Product(
    name="secure_account",
    title="Secure account",
    desk="secure_account",
    states=STATES,
    verbs={
        "activate": Verb(
            Activate,
            #               new  never_activated by_operator enabled deleted
            takes=row(STATES, N, N, N, N, N),
            moves=Moves(during="never_activated", done="enabled"),
            limit=business_days(2),
            creates=True,
            wants=_names_wanted,
            columns=COLUMNS,
            through=BESIDE_ACTIVATE,
            replaced_by=frozenset({"disable", "delete"}),
            hands_over=True,
            steps=(
                "create_account",
                "make_installation_link",
                "await_installation",
                "make_activation_link",
                "await_fetch",
            ),
        ),
        "send_installation": Verb(
            SendInstallation,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(),
            guard=_can_send,
            steps=("make_installation_link",),
        ),
        "send_activation": Verb(
            SendActivation,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(),
            guard=_can_send,
            steps=("renew_activation_link",),
        ),
        "refresh": Verb(
            Refresh,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(finds=LIVE),
            steps=("read_account",),
        ),
        "edit": Verb(
            Edit,
            takes=row(STATES, N, Y, Y, Y, N),
            moves=Moves(),
            wants=_number_wanted,
            steps=("change_settings",),
        ),
        "disable": Verb(
            Disable,
            takes=row(STATES, N, Y, ALREADY, Y, N),
            moves=Moves(done="by_operator"),
            steps=("stop_calls",),
        ),
        "enable": Verb(
            Enable,
            takes=row(STATES, N, N, Y, ALREADY, N),
            moves=Moves(done="enabled", finds=frozenset({"enabled", "never_activated"})),
            reasons={
                "never_activated": "enable only takes a disable back; the account is enabled when its "
                "device has fetched its configuration: send_activation"
            },
            steps=("allow_calls",),
        ),
        "revoke_keys": Verb(
            RevokeKeys,
            takes=row(STATES, N, N, Y, Y, N),
            moves=Moves(),
            guard=_can_revoke,
            steps=("revoke_keys",),
        ),
        "delete": Verb(
            Delete,
            takes=row(STATES, N, Y, Y, Y, ALREADY),
            moves=Moves(done="deleted"),
            steps=("remove_account",),
        ),
    },
    cancel={"new": Y, **dict.fromkeys(LIVE, Y)},
    billed=LIVE,
    shown=dict.fromkeys((*GIVEN, *SETTINGS, *STATUS), LIVE),
    hears={
        "installation_clicked": {},
        "activation_clicked": {},
        "configuration_fetched": {"never_activated": "enabled"},
        "keys_renewed": {},
        "configured_by_hand": {},
    },
    learns=_learned,
    reached_by="virtual_number",
    logs_in_with=("user_name",),
    renewed_by={INSTALLATION_LINK: "send_installation", ACTIVATION_LINK: "send_activation"},
    limits=LIMITS,
    uses={"configuration_fetched": ACTIVATION_LINK},
    rules={
        "SA-1": "activate makes an app or desk-phone account; user name and virtual number are unique",
        "SA-2": "plain is enabled at once; wizard and batch wait for the automatic activation",
        "SA-3": "links go out by SMS, e-mail or another message, the second once the first was clicked",
        "SA-4": "refresh brings the messages' status and the account's data up to date",
        "SA-5": "enabled when the configuration was fetched; reminded every 4 business hours, 3 times",
        "SA-6": "disable stops calls with an audio message; enable takes only that back",
        "SA-7": "revoke_keys ends secure messages; the account shows what brought its new keys",
        "SA-8": "edit changes all but type and user name; delete removes the account for good",
        "SA-9": "the licence follows the latest activation; an automatic one is cached and shown",
    },
)
