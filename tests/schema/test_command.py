"""What is wrong with a field is said in words, never in a pattern that only programmers read (CO-2)."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from schema.command import Envelope, faults_of
from schema.customer import Customer
from schema.desk import DeskSays
from schema.discovery import find_products

#: Text that no pattern takes.
ODD = "\x01 %"

MODELS = [
    Envelope,
    Customer,
    DeskSays,
    *(verb.command for product in find_products().values() for verb in product.verbs.values()),
]


def filled(schema: dict[str, Any], known: dict[str, Any]) -> object:
    """Return a value of a schema in which all text is odd."""
    if "$ref" in schema:
        return filled(known[schema["$ref"].rpartition("/")[2]], known)
    if "anyOf" in schema:
        return filled(schema["anyOf"][0], known)
    match schema.get("type"):
        case "object":
            return {
                name: filled(each, known) for name, each in schema.get("properties", {}).items()
            }
        case "array":
            return [filled(schema["items"], known)]
        case "integer":
            return 1
    return ODD


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_CO_2_no_fault_shows_a_pattern(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    patterns = str(schema).count("'pattern'")
    told: list[str] = []
    try:
        model.model_validate(filled(schema, schema.get("$defs", {})))
    except ValidationError as error:
        told = [fault.detail for fault in faults_of(error)]
    assert [each for each in told if "pattern" in each] == []
    assert len([each for each in told if each.startswith("must be ")]) >= min(patterns, 1)


def test_CO_2_a_number_without_its_plus_is_told_what_one_looks_like() -> None:
    wanted = find_products()["mobile_line"].verbs["activate"].command
    line = {"user": "Ada", "email": "ada@acme.example", "number": "0255501001"}
    with pytest.raises(ValidationError) as refused:
        wanted.model_validate(line)
    (fault,) = faults_of(refused.value)
    assert fault.pointer == "/number"
    assert fault.detail == (
        "must be a telephone number that names its country, such as +39 06 1234 5678"
    )


@pytest.mark.parametrize(("way", "is_needed"), [("wizard", True), ("plain", False)])
def test_SA_1_the_schema_says_who_needs_a_profile(way: str, *, is_needed: bool) -> None:
    wanted = find_products()["secure_account"].verbs["activate"].command.model_json_schema()
    ways = wanted["if"]["properties"]["way"]["enum"]
    assert (way in ways, wanted["then"]) == (is_needed, {"required": ["profile"]})
