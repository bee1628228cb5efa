"""The description at `/openapi.json`: what FastAPI knows, and what it cannot know."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from producers.http.cloudevents import BATCH, BINARY, STRUCTURED
from producers.signals import SignalBody
from schema.command import CUSTOMER_CHANGED, Envelope
from schema.customer import Customer
from schema.lifecycle import Product
from schema.views import Problem

COMPONENTS = "#/components/schemas/"
PROBLEM = "application/problem+json"

#: What any route may answer: bad input, and a database that fails.
ALWAYS = (400, 422, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of problems with these statuses, and of those that come everywhere."""
    content = {PROBLEM: {"schema": _named("Problem")}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in (*statuses, *ALWAYS)
    }


def _named(component: str) -> dict[str, str]:
    """Return a reference to a component."""
    return {"$ref": COMPONENTS + component}


def _header(name: str, meaning: str) -> dict[str, Any]:
    """Return the description of a header that need not be there."""
    schema = {"type": "string"}
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": meaning,
        "schema": schema,
    }


COMMANDS_BODY = {
    "required": True,
    "content": {
        STRUCTURED: {"schema": _named("Event")},
        BATCH: {"schema": {"type": "array", "items": _named("Event")}},
        BINARY: {
            "schema": {"type": "object", "description": "The data; attributes are ce- headers"}
        },
    },
}

COMMANDS_PARAMETERS = [
    _header(f"ce-{name}", f"The attribute {name}, percent-encoded, in binary form")
    for name in ("specversion", "id", "source", "type", "subject", "actor")
]

SIGNALS_BODY = {"required": True, "content": {"application/json": {"schema": _named("SignalBody")}}}

SIGNALS_PARAMETERS = [
    {**_header(f"webhook-{name}", "See Standard Webhooks"), "required": True}
    for name in ("id", "timestamp", "signature")
]


def describe(app: FastAPI, products: Mapping[str, Product]) -> dict[str, Any]:
    """Return the description of an application that serves these products."""
    text = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = text["components"]["schemas"]
    shown: tuple[type[BaseModel], ...] = (Problem, SignalBody)
    for model in shown:
        _add(schemas, model.__name__, model.model_json_schema(ref_template=COMPONENTS + "{model}"))
    schemas["Event"] = {"anyOf": [_named(name) for name in _add_events(schemas, products)]}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return text


def _add_events(schemas: dict[str, Any], products: Mapping[str, Product]) -> list[str]:
    """Add the events that are taken, and return their names."""
    forms: dict[str, type[BaseModel]] = {
        f"turnup.{product.name}.{name}": verb.command
        for product in products.values()
        for name, verb in product.verbs.items()
    }
    forms[CUSTOMER_CHANGED] = Customer
    for kind, model in forms.items():
        template = f"{COMPONENTS}{kind}.{{model}}"
        _add(schemas, f"{kind}.data", model.model_json_schema(ref_template=template), kind)
        schemas[kind] = _event(kind)
    return list(forms)


def _event(kind: str) -> dict[str, Any]:
    """Return the schema of a structured CloudEvent of one type."""
    envelope = Envelope.model_json_schema()
    parts = "" if kind == CUSTOMER_CHANGED else "/[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
    envelope["properties"] |= {
        "type": {"const": kind},
        "subject": {"type": "string", "pattern": f"^[A-Za-z0-9][A-Za-z0-9._-]{{0,79}}{parts}$"},
        "data": _named(f"{kind}.data"),
    }
    return {
        **envelope,
        "title": kind,
        "required": ["specversion", "id", "source", "type", "subject", "data"],
    }


def _add(schemas: dict[str, Any], name: str, schema: dict[str, Any], home: str = "") -> None:
    """Add a schema, and beside it those that it refers to."""
    for inner, definition in schema.pop("$defs", {}).items():
        schemas[f"{home}.{inner}" if home else inner] = definition
    schemas[name] = schema
