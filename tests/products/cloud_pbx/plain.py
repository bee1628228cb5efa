"""The cloud telephone system as the model knows it: its table in PRODUCTS.md, and CP-1 to CP-8."""

from tests.model.plain_product import PlainProduct, PlainVerb

PLAIN = PlainProduct(
    name="cloud_pbx",
    maker="activate",
    verbs={
        "activate": PlainVerb(
            takes={
                "active": "already",
                "deactivated": "accepted",
                "activating": "busy",
                "deactivating": "busy",
            },
            during="activating",
            done="active",
            undone="deactivated",
        ),
        "deactivate": PlainVerb(
            takes={
                "active": "accepted",
                "deactivated": "already",
                "activating": "busy",
                "deactivating": "busy",
            },
            during="deactivating",
            done="deactivated",
            undone="active",
        ),
        "delete": PlainVerb(
            takes={
                "active": "accepted",
                "deactivated": "accepted",
                "deleted": "already",
                "activating": "busy",
                "deactivating": "busy",
            },
            beyond="deleting",
            done="deleted",
            replaced_by=frozenset({"delete"}),
            asks_for_code=True,
            no_return="open_work_order",
        ),
    },
    cancel={
        "new": "undone",
        "activating": "undone",
        "deactivating": "refused",
        "deleting": "refused",
    },
    at_rest={
        "active": [{"state": "on", "access": True}],
        "deactivated": [{"state": "off", "access": False}],
        "deleted": [],
    },
    refusable="create_instances",
)
