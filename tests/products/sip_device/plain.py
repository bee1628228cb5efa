"""The SIP device as the model knows it: its table in PRODUCTS.md, and SD-4, SD-7, SD-10 to SD-12."""

from collections.abc import Mapping
from datetime import timedelta

from tests.model.plain_product import PlainProduct, PlainVerb, after, two_business_days

DEVICE = ("provisioned", "registered", "unregistered")
LIVE = {"provisioning": "busy", **dict.fromkeys(DEVICE, "accepted")}
CUT_OFF = {"registered": "unregistered"}


def macs(reference: str, verb: str) -> Mapping[str, object]:
    """Return a MAC address that no other service has: one for the first device, one for the next."""
    if verb not in {"activate", "replace"}:
        return {}
    return {"mac": f"0050c2{sum(reference.encode()) % 65536:04x}{len(verb):02x}"}


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
        "assign": PlainVerb(takes=LIVE),
        "unassign": PlainVerb(takes=LIVE),
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
    fields=macs,
)
