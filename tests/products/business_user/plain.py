"""The user of a business telephone site as the model knows him: his table in PRODUCTS.md, BU-4 and BU-5."""

from tests.model.plain_product import PlainProduct, PlainVerb, two_business_days

ACTIVATED = {"activated": "accepted"}
PENDING_TOO = {"pending": "accepted", **ACTIVATED}
#: An activation goes on; what is done beside it can be taken back (CO-3).
UNDONE = {"pending": "undone"}

PLAIN = PlainProduct(
    name="business_user",
    maker="activate",
    verbs={
        "activate": PlainVerb(
            takes={},
            during="pending",
            done="activated",
            finds=frozenset({"failed"}),
            alarms=frozenset({"failed"}),
            limit=two_business_days,
            through=frozenset({"change_services", "join_group", "leave_group"}),
        ),
        "update": PlainVerb(takes=ACTIVATED, no_return="make_login"),
        "change_services": PlainVerb(takes=PENDING_TOO, cancel=UNDONE),
        "join_group": PlainVerb(takes=PENDING_TOO, cancel=UNDONE),
        "leave_group": PlainVerb(takes=PENDING_TOO, cancel=UNDONE),
        "new_login": PlainVerb(takes=ACTIVATED, no_return="make_login"),
        "new_passwords": PlainVerb(takes=ACTIVATED, no_return="make_password"),
        "set_password": PlainVerb(takes=ACTIVATED, no_return="set_password"),
        "reset_account": PlainVerb(takes=ACTIVATED, no_return="reset_account"),
        "delete": PlainVerb(
            takes=ACTIVATED | {"deleted": "already"}, done="deleted", no_return="delete_user"
        ),
    },
    cancel={"new": "undone", "pending": "refused", "activated": "undone", "failed": "refused"},
    at_rest={"deleted": [], "activated": [{"status": "activated"}]},
    refusable="add_user",
    has_numbers=True,
    fields=lambda _, verb, number: (
        {"extension": f"700{number // 8 % 2}"} if verb == "activate" else {}
    ),
    unique={"extension": "extension"},
)
