"""The account for encrypted calls as the model knows it: its table in PRODUCTS.md, and SA-1 to SA-9."""

from collections.abc import Mapping
from typing import Any

from tests.model.plain_product import PlainProduct, PlainVerb, two_business_days

LIVE = ("never_activated", "by_operator", "enabled")
ALWAYS = dict.fromkeys(LIVE, "accepted")

#: What `revoke_keys` is owed, by the keys.
KEYS = {"none": "no_keys", "revoked": "accepted", "valid": "accepted"}


def state_of(kept: Mapping[str, Any]) -> str:
    """Return the state that an account is in at the platform."""
    if not kept["calls"]:
        return "by_operator"
    return "enabled" if kept["activated"] else "never_activated"


PLAIN = PlainProduct(
    name="secure_account",
    maker="activate",
    verbs={
        "activate": PlainVerb(
            takes={},
            during="never_activated",
            done="enabled",
            limit=two_business_days,
            through=frozenset({"send_installation", "send_activation", "refresh", "edit"}),
            replaced_by=frozenset({"disable", "delete"}),
            hands_over=True,
            waits_for_people=True,
        ),
        "send_installation": PlainVerb(takes=ALWAYS),
        "send_activation": PlainVerb(takes=ALWAYS),
        "refresh": PlainVerb(takes=ALWAYS, finds=frozenset(LIVE)),
        "edit": PlainVerb(takes=ALWAYS),
        "disable": PlainVerb(takes=ALWAYS | {"by_operator": "already"}, done="by_operator"),
        "enable": PlainVerb(
            takes={"by_operator": "accepted", "enabled": "already"},
            done="enabled",
            finds=frozenset({"enabled", "never_activated"}),
        ),
        "revoke_keys": PlainVerb(
            takes=dict.fromkeys(("by_operator", "enabled"), "accepted"),
            guard=lambda facts: KEYS[facts.get("keys", "none")],
            no_return="revoke_keys",
        ),
        "delete": PlainVerb(
            takes=ALWAYS | {"deleted": "already"}, done="deleted", no_return="remove_account"
        ),
    },
    cancel=dict.fromkeys(("new", *LIVE), "undone"),
    at_rest={
        "deleted": [],
        "never_activated": [{"calls": True, "activated": False}],
        "by_operator": [{"calls": False}],
        "enabled": [{"calls": True, "activated": True}],
    },
    refusable="make_installation_link",
    references=("vera", "nico"),
    fields=lambda reference, verb, number: (
        {"user_name": reference, "virtual_number": f"802{number // 8 % 2}"}
        if verb == "activate"
        else {}
    ),
    unique={"user_name": "user_name", "virtual_number": "virtual_number"},
    state_of=state_of,
    hears={
        "installation_clicked": {},
        "activation_clicked": {},
        "configuration_fetched": {"never_activated": "enabled"},
        "keys_renewed": {},
        "configured_by_hand": {},
    },
)
