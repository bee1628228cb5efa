"""The sample product as the model knows it."""

from tests.model.plain_product import PlainProduct, PlainVerb, two_business_days

PLAIN = PlainProduct(
    name="sample",
    maker="open",
    verbs={
        "open": PlainVerb(
            takes={"open": "already", "opening": "busy", "closing": "busy"},
            during="opening",
            done="open",
            limit=two_business_days,
            through=frozenset({"rename"}),
        ),
        "rename": PlainVerb(
            takes={"open": "accepted", "opening": "accepted", "closing": "busy"},
            through=frozenset({"rename"}),
        ),
        "close": PlainVerb(
            takes={"open": "accepted", "deleted": "already", "opening": "busy", "closing": "busy"},
            during="closing",
            done="deleted",
            undone="open",
            no_return="fill",
        ),
    },
    cancel={"new": "undone", "opening": "undone", "closing": "undone"},
    at_rest={
        "deleted": [],
        "open": [{"connected": True, "power": "active", "calls": True, "content": "everything"}],
    },
    refusable="reserve",
)
