"""The business line on a mobile phone as the model knows it: its table in PRODUCTS.md, and ML-1 to ML-9."""

from datetime import timedelta

from tests.model.plain_product import PlainProduct, PlainVerb, after

LIVE = ("activation_pending", "online", "offline")
ALWAYS = dict.fromkeys(LIVE, "accepted")
PENDING = {"activation_pending": "accepted"}
STATUS = {"enabled": "online", "disabled": "offline"}

PLAIN = PlainProduct(
    name="mobile_line",
    maker="activate",
    verbs={
        "activate": PlainVerb(
            takes={},
            during="activation_pending",
            done="online",
            finds=frozenset({"online", "offline"}),
            limit=after(timedelta(days=90)),
            through=frozenset({"reissue_code", "report_lost", "send_code", "refresh"}),
            replaced_by=frozenset({"delete"}),
            makes_code=True,
            waits_for_people=True,
        ),
        "reissue_code": PlainVerb(takes=PENDING, makes_code=True, no_return="cancel_order"),
        "report_lost": PlainVerb(
            takes=ALWAYS, done="activation_pending", makes_code=True, no_return="cancel_order"
        ),
        "send_code": PlainVerb(takes=PENDING, needs_code=True),
        "refresh": PlainVerb(takes=ALWAYS, finds=frozenset(LIVE)),
        "delete": PlainVerb(
            takes=ALWAYS | {"deleted": "already"}, done="deleted", no_return="cancel_order"
        ),
    },
    cancel=dict.fromkeys(("new", *LIVE), "undone"),
    at_rest={"deleted": [], **{state: [{"calls": True}] for state in LIVE}},
    refusable="download_order",
    references=("anna", "ugo", "ivo"),
    hears={
        "installed": {},
        "enabled": {"activation_pending": "online", "offline": "online"},
        "disabled": {"activation_pending": "offline", "online": "offline"},
        "removed": {"online": "activation_pending", "offline": "activation_pending"},
        "expired": {},
    },
    uses_code=frozenset({"installed", "enabled", "disabled"}),
    expires_code="expired",
    state_of=lambda kept: STATUS.get(kept["profiles"][-1]["state"], "activation_pending"),
    has_pool=True,
    has_numbers=True,
)
