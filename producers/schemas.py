"""JSON Schemas of what comes in, for whatever describes a door."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from schema.command import CUSTOMER_CHANGED, Envelope
from schema.customer import Customer
from schema.lifecycle import Product

COMPONENTS = "#/components/schemas/"

#: The components of a description, by name; what is added is changed in place.
Schemas = dict[str, Any]


def named(component: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": COMPONENTS + component}


def events_taken(products: Mapping[str, Product]) -> dict[str, type[BaseModel]]:
    """Return the fields of every event that is taken, by its type."""
    commands = {
        f"turnup.{product.name}.{name}": verb.command
        for product in products.values()
        for name, verb in product.verbs.items()
    }
    return {**commands, CUSTOMER_CHANGED: Customer}


def add_events(schemas: Schemas, events: Mapping[str, type[BaseModel]]) -> list[str]:
    """Add these events, and return their names."""
    for kind, model in events.items():
        template = f"{COMPONENTS}{kind}.{{model}}"
        _add(schemas, f"{kind}.data", model.model_json_schema(ref_template=template), kind)
        schemas[kind] = _event(kind)
    return list(events)


def add_model(schemas: Schemas, model: type[BaseModel]) -> str:
    """Add what a model looks like as JSON, and return its name."""
    template = COMPONENTS + "{model}"
    schema = model.model_json_schema(ref_template=template)
    _add(schemas, model.__name__, schema)
    return model.__name__


def _event(kind: str) -> dict[str, Any]:
    """Return the schema of a structured CloudEvent of one type."""
    envelope = Envelope.model_json_schema()
    parts = "" if kind == CUSTOMER_CHANGED else "/[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
    envelope["properties"] |= {
        "type": {"const": kind},
        "subject": {"type": "string", "pattern": f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,79}}{parts}$"},
        "data": named(f"{kind}.data"),
    }
    return {
        **envelope,
        "title": kind,
        "required": ["specversion", "id", "source", "type", "subject", "data"],
    }


def _add(schemas: Schemas, name: str, schema: dict[str, Any], home: str = "") -> None:
    """Add a schema, and beside it those that it refers to."""
    for inner, definition in schema.pop("$defs", {}).items():
        schemas[f"{home}.{inner}" if home else inner] = definition
    schemas[name] = schema
