"""What is published about the AMQP door is true, and says what its own tools accept."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pika
import pytest
from jsonschema import Draft202012Validator

from producers.amqp.asyncapi import HAPPENINGS, describe
from producers.amqp.batch import Batches
from producers.amqp.definitions import definitions
from producers.amqp.topology import COMMANDS, QUEUES, REJECTED, require_topology
from producers.relay.events import render
from schema.discovery import find_products
from schema.lifecycle import Product
from schema.products.cloud_pbx import PRODUCT
from tests.producers.amqp.upstream import Upstream, at_work
from tests.producers.events import activate
from tests.producers.relay.test_events import OVERDUE, SERVICE
from tests.servers.node import installed
from tests.servers.rabbit import RabbitServer


def test_the_brokers_own_tool_imports_the_definitions_and_they_are_what_we_declare(
    rabbit_server: RabbitServer, tmp_path: Path
) -> None:
    with pika.BlockingConnection(pika.URLParameters(rabbit_server.url)) as connection:
        for queue in QUEUES:
            connection.channel().queue_delete(queue)
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps(definitions()), encoding="utf-8")
    rabbit_server.ctl("import_definitions", str(file))
    listed = rabbit_server.ctl("list_queues", "name").split()
    assert {COMMANDS, REJECTED} <= set(listed)
    assert "turnup wake-up queues" in rabbit_server.ctl("list_policies")
    require_topology(rabbit_server.url)


@pytest.mark.timeout(180)
def test_asyncapis_own_parser_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "asyncapi.json"
    description = describe(find_products())
    with installed() as node:
        file.write_text(json.dumps(description), encoding="utf-8")
        done = node("validate.mjs", str(file))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        file.write_text(json.dumps({**description, "channels": []}), encoding="utf-8")
        assert node("validate.mjs", str(file)).returncode == 1


@pytest.mark.parametrize("event", [OVERDUE, SERVICE], ids=["operation", "service"])
def test_the_relays_events_are_as_described(event: Any) -> None:
    told = json.loads(render(event, PRODUCT, "turnup"))
    assert errors(told, f"event.{event.event}") == []
    assert errors({**told, "data": {"strange": 1}}, f"event.{event.event}") != []


def test_what_is_answered_and_told_of_a_rejection_is_as_described(
    batches: Batches, upstream: Upstream
) -> None:
    with at_work(batches, upstream.url):
        accepted = upstream.ask(activate("1"))
        refused = upstream.ask(activate("2", extensions=0))
        told = upstream.event()
    assert errors(accepted.json, "Operation") == []
    assert errors(refused.json, "Problem") == []
    assert errors(told.json, "event.rejected") == []


def test_CO_4_a_verb_that_carries_a_secret_is_not_described(
    products: Mapping[str, Product],
) -> None:
    named = describe(products)["channels"]["commands"]["messages"]
    for product in products.values():
        for name, verb in product.verbs.items():
            assert (f"turnup.{product.name}.{name}" in named) is not bool(verb.secrets)
    assert "overdue" in HAPPENINGS


def errors(value: object, name: str) -> list[str]:
    """Return what the description finds wrong in a value."""
    components = describe(find_products())["components"]
    schema = {"$ref": f"#/components/schemas/{name}", "components": components}
    return [each.message for each in Draft202012Validator(schema).iter_errors(value)]
