"""The description at `/openapi.json`: what FastAPI knows, and what it cannot know."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from producers.answers import PROBLEM
from producers.cloudevents import BATCH, BINARY, STRUCTURED
from producers.receipts import ReceiptBody
from producers.schemas import add_events, add_model, events_taken, named
from producers.signals import SignalBody
from schema.desk import DeskSays
from schema.lifecycle import Product
from schema.views import Problem

#: What comes here proves itself by a signature and not by a key.
SIGNED = ("/v1/platforms/", "/v1/desk/", "/v1/messages/")

#: What any route may answer: bad input, and a database that fails.
ALWAYS = (400, 422, 500, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the description of problems with these statuses, and of those that come everywhere."""
    content = {PROBLEM: {"schema": named("Problem")}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in (*statuses, *ALWAYS)
    }


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
        STRUCTURED: {"schema": named("Event")},
        BATCH: {"schema": {"type": "array", "items": named("Event")}},
        BINARY: {
            "schema": {"type": "object", "description": "The data; attributes are ce- headers"}
        },
    },
}

COMMANDS_PARAMETERS = [
    _header(f"ce-{name}", f"The attribute {name}, percent-encoded, in binary form")
    for name in ("specversion", "id", "source", "type", "subject", "actor")
]

SIGNALS_BODY = {"required": True, "content": {"application/json": {"schema": named("SignalBody")}}}

DESK_BODY = {"required": True, "content": {"application/json": {"schema": named("DeskSays")}}}

RECEIPT_BODY = {"required": True, "content": {"application/json": {"schema": named("ReceiptBody")}}}

SIGNALS_PARAMETERS = [
    {**_header(f"webhook-{name}", "See Standard Webhooks"), "required": True}
    for name in ("id", "timestamp", "signature")
]


def describe(app: FastAPI, products: Mapping[str, Product]) -> dict[str, Any]:
    """Return the description of an application that serves these products."""
    text = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = text["components"]["schemas"]
    _secure(text)
    shown: tuple[type[BaseModel], ...] = (Problem, SignalBody, DeskSays, ReceiptBody)
    for model in shown:
        add_model(schemas, model)
    schemas["Event"] = {
        "anyOf": [named(name) for name in add_events(schemas, events_taken(products))]
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return text


def _secure(text: dict[str, Any]) -> None:
    """Say that an API key is asked for, once there is one, wherever no signature is."""
    text["components"]["securitySchemes"] = {"api_key": {"type": "http", "scheme": "bearer"}}
    refused = problems(401)[401]
    for path, methods in text["paths"].items():
        if path.startswith("/v1/") and not path.startswith(SIGNED):
            for method in methods.values():
                method["security"] = [{"api_key": []}, {}]
                method["responses"]["401"] = refused
