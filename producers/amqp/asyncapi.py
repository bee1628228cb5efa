"""The description of the AMQP door as AsyncAPI 3: commands in, events out, what is rejected, and replies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from producers.amqp.letters import AT, DETAIL, FAULTS, ID, KEY, REASON, STATUS
from producers.amqp.messages import USER
from producers.amqp.topology import COMMANDS, EVENTS, REJECTED
from producers.answers import JSON, PROBLEM
from producers.cloudevents import BATCH, STRUCTURED
from producers.schemas import Schemas, add_events, add_model, events_taken, named
from schema.lifecycle import Product
from schema.views import CustomerKept, Operation, Outcome, Plan, Problem

#: What happens to an operation; a service has one event, what is rejected another.
HAPPENINGS = (
    "accepted",
    "waiting",
    "progressed",
    "jeopardy",
    "overdue",
    "succeeded",
    "failed",
    "cancelled",
)

TEXT = {"type": "string"}
MOMENT = {"type": "string", "format": "date-time"}

OPERATION_DATA = {
    "operation": TEXT,
    "verb": TEXT,
    "service": TEXT,
    "state": TEXT,
    "reason": TEXT,
    "why": TEXT,
    "step": TEXT,
    "deadline_at": MOMENT,
    "overdue": {"type": "boolean"},
    "outcome": TEXT,
    "ticket": TEXT,
}
SERVICE_DATA = {
    "service": TEXT,
    "operation": TEXT,
    "verb": TEXT,
    "state": TEXT,
    "before": TEXT,
    "why": TEXT,
    "billing": {"enum": ["on", "off"]},
}
REJECTED_HEADERS = {
    ID: TEXT,
    AT: MOMENT,
    REASON: TEXT,
    STATUS: {"type": "integer"},
    DETAIL: TEXT,
    FAULTS: {"type": "string", "description": "A JSON array of faults"},
    KEY: TEXT,
    USER: TEXT,
}


def describe(products: Mapping[str, Product]) -> dict[str, Any]:
    """Return the description of a door that serves these products; verbs with secrets never pass it (CO-4)."""
    open_ = {
        name: replace(each, verbs={verb: it for verb, it in each.verbs.items() if not it.secrets})
        for name, each in products.items()
    }
    schemas: Schemas = {}
    messages: dict[str, Any] = {}
    commands = _commands(schemas, messages, open_)
    events = _events(schemas, messages)
    replies = _replies(schemas, messages)
    messages["rejected"] = _message(
        {"description": "The command as it came"}, "A command that could not be accepted"
    ) | {"headers": {"type": "object", "properties": REJECTED_HEADERS}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Turnup",
            "version": "1",
            "description": "Provisioning of telephone services over AMQP 0-9-1",
        },
        "defaultContentType": STRUCTURED,
        "servers": {"broker": {"host": "localhost:5672", "pathname": "/", "protocol": "amqp"}},
        "channels": {
            "commands": _topic(COMMANDS, ("product", "verb"), commands),
            "events": _topic(EVENTS, ("product", "event", "customer"), events),
            "rejected": _queue(REJECTED, ["rejected"]),
            "replies": {"address": None, "messages": _named(replies)},
        },
        "operations": _operations(),
        "components": {"messages": messages, "schemas": schemas},
    }


def _commands(
    schemas: Schemas, messages: dict[str, Any], products: Mapping[str, Product]
) -> list[str]:
    """Add what comes in, and return the names of the messages."""
    names = add_events(schemas, events_taken(products))
    for name in names:
        messages[name] = _message(named(name), f"The command {name}") | {
            "correlationId": {"location": "$message.header#/correlationId"}
        }
    messages["batch"] = _message(
        {"type": "array", "items": {"anyOf": [named(name) for name in names]}},
        "Several commands, stored in one transaction",
        BATCH,
    )
    return [*names, "batch"]


def _events(schemas: Schemas, messages: dict[str, Any]) -> list[str]:
    """Add what goes out, and return the names of the messages."""
    problem = named(add_model(schemas, Problem))
    refused = {
        "allOf": [problem],
        "properties": {"dead_letter": TEXT, "command": {"type": "object"}},
    }
    data: dict[str, Any] = dict.fromkeys(HAPPENINGS, _data(OPERATION_DATA))
    data |= {"service_changed": _data(SERVICE_DATA), "rejected": refused}
    for happening, schema in data.items():
        name = f"event.{happening}"
        schemas[name] = _event(happening, schema)
        messages[name] = _message(named(name), f"Something was or has {happening}")
    return [f"event.{happening}" for happening in data]


def _replies(schemas: Schemas, messages: dict[str, Any]) -> list[str]:
    """Add what a command with `reply_to` is answered with, and return the names of the messages."""
    single = [named(add_model(schemas, each)) for each in (Operation, Plan, CustomerKept)]
    outcomes = {"type": "array", "items": named(add_model(schemas, Outcome))}
    answers: dict[str, tuple[Mapping[str, Any], str]] = {
        "answer": ({"anyOf": single}, JSON),
        "answers": (outcomes, JSON),
        "problem": (named("Problem"), PROBLEM),
    }
    for name, (schema, kind) in answers.items():
        messages[name] = _message(schema, "What HTTP would have answered", kind) | {
            "headers": {"type": "object", "properties": {"status": {"type": "integer"}}},
            "correlationId": {"location": "$message.header#/correlationId"},
        }
    return list(answers)


def _operations() -> dict[str, Any]:
    """Return what Turnup does."""
    replies = {
        "address": {"location": "$message.header#/replyTo"},
        "channel": {"$ref": "#/channels/replies"},
    }
    return {
        "takeCommands": _operation("receive", "commands", "Take commands") | {"reply": replies},
        "tellEvents": _operation("send", "events", "Tell what happens"),
        "keepRejected": _operation("send", "rejected", "Keep what could not be accepted"),
    }


def _operation(action: str, channel: str, title: str) -> dict[str, Any]:
    """Return one thing that is done on a channel."""
    return {"action": action, "title": title, "channel": {"$ref": f"#/channels/{channel}"}}


def _topic(exchange: str, words: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    """Return a channel whose address is a routing key of these words."""
    binding = {"name": exchange, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": ".".join(f"{{{word}}}" for word in words),
        "parameters": {word: {"description": f"The {word}"} for word in words},
        "messages": _named(names),
        "bindings": {"amqp": {"is": "routingKey", "exchange": {**binding, "vhost": "/"}}},
    }


def _queue(name: str, names: list[str]) -> dict[str, Any]:
    """Return a channel that is a queue."""
    binding = {"name": name, "durable": True, "exclusive": False, "autoDelete": False}
    return {
        "address": name,
        "messages": _named(names),
        "bindings": {"amqp": {"is": "queue", "queue": {**binding, "vhost": "/"}}},
    }


def _named(names: list[str]) -> dict[str, Any]:
    """Return references to messages."""
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def _message(payload: Mapping[str, Any], title: str, kind: str = STRUCTURED) -> dict[str, Any]:
    """Return a message."""
    return {"title": title, "contentType": kind, "payload": dict(payload)}


def _data(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an event; what there is nothing to say about is left out."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _event(happening: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a public event."""
    kind = {"type": "string", "pattern": rf"^turnup\.[a-z][a-z0-9_]*\.{happening}$"}
    properties = {
        "specversion": {"const": "1.0"},
        "type": kind,
        "time": MOMENT,
        "datacontenttype": {"const": "application/json"},
        "data": dict(data),
    }
    texts = ("id", "source", "subject", "partitionkey", "sequence", "correlationid", "actor")
    needed = ["specversion", "id", "source", "type", "time", "partitionkey", "sequence", "data"]
    return {
        "type": "object",
        "properties": properties | dict.fromkeys(texts, TEXT),
        "required": needed,
    }
