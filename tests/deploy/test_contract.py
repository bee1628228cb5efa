"""The published contract is what the program does."""

import json

from deploy.contract import FILE, described
from schema.discovery import find_products


def test_the_published_description_of_the_door_is_true() -> None:
    assert FILE.read_text(encoding="utf-8") == described(), "renew it with: make contract"


def test_the_description_has_the_schema_of_every_verb() -> None:
    schemas = json.loads(described())["components"]["schemas"]
    for product in find_products().values():
        for verb in product.verbs.values():
            fields = set(verb.command.model_fields)
            assert any(fields == set(each.get("properties", {})) for each in schemas.values())
