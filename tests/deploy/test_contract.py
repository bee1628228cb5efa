"""The published contract is what the program does."""

import json

import pytest

from deploy.contract import ROOT, files
from schema.discovery import find_products


@pytest.mark.parametrize("name", files())
def test_what_is_published_is_true(name: str) -> None:
    published = (ROOT / name).read_text(encoding="utf-8")
    assert published == files()[name](), "renew it with: make contract"


def test_the_description_has_the_schema_of_every_verb() -> None:
    schemas = json.loads(files()["deploy/published/openapi.json"]())["components"]["schemas"]
    for product in find_products().values():
        for verb in product.verbs.values():
            fields = set(verb.command.model_fields)
            assert any(fields == set(each.get("properties", {})) for each in schemas.values())
