"""The description at /openapi.json is true."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from schema.store.leases import WAKER, WORKER, Boot
from schema.store.writer import Writer
from tests.producers.events import activate, customer, deactivate
from tests.producers.http.conftest import Client

#: A case of any route.
Case = schemathesis.Case[Any]

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]

#: For each route: what fits its description, and what just does not.
EXAMPLES = 10


def test_every_answer_is_one_that_is_described(
    app: FastAPI, client: Client, writer: Writer
) -> None:
    for role in (WAKER, WORKER):
        writer.store(Boot(role, "here", {}, timedelta(hours=1)))
    client.send_all([activate("1"), activate("2", "acme/pbx-2")])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        route = found.ok()
        probe(route.as_strategy(generation_mode=GenerationMode.POSITIVE))
        with suppress(Unsatisfiable):  # a route without parameters cannot be asked wrongly
            probe(route.as_strategy(generation_mode=GenerationMode.NEGATIVE))


def probe(cases: SearchStrategy[Case]) -> None:
    """Send some of these cases, and compare every answer with the description."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def answer(case: Case) -> None:
        case.call_and_validate(checks=CHECKS)

    answer()


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/v1/operations/{operation_id}", {"operation_id": "op_1"}),
        ("/v1/operations/{operation_id}/history", {"operation_id": "op_1"}),
        ("/v1/services/{service_id}", {"service_id": "svc_1"}),
        ("/v1/services/{service_id}/history", {"service_id": "svc_1"}),
        ("/v1/services/{customer}/{reference}", {"customer": "acme", "reference": "pbx-1"}),
        ("/v1/customers/{customer}", {"customer": "acme"}),
    ],
)
def test_what_is_there_reads_as_it_is_described(
    app: FastAPI, client: Client, path: str, names: dict[str, str]
) -> None:
    client.send(activate("1"))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    response = schema[path]["GET"].Case(path_parameters=names).call_and_validate(checks=CHECKS)
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("event", "status"),
    [(activate("1"), 202), (activate("1", dry_run=True), 200), (customer(), 200)],
)
def test_a_command_is_answered_as_it_is_described(
    app: FastAPI, client: Client, event: dict[str, Any], status: int
) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    route = schema["/v1/commands"]["POST"]
    one = route.Case(body=event, media_type="application/cloudevents+json")
    assert one.call_and_validate(checks=CHECKS).status_code == status
    many = route.Case(body=[event, event], media_type="application/cloudevents-batch+json")
    assert many.call_and_validate(checks=CHECKS).status_code == 200


@pytest.mark.parametrize("event", [activate("1"), deactivate("1", reason="Moved"), customer()])
def test_the_described_events_are_those_that_are_taken(
    client: Client, event: dict[str, Any]
) -> None:
    text = client.get("/openapi.json").json()
    validator = Draft202012Validator({"$ref": "#/components/schemas/Event", **text})
    assert validator.is_valid(event)
    assert not validator.is_valid(event | {"data": {"colour": "red"}})
    assert not validator.is_valid(event | {"type": "turnup.fax.send"})


def test_the_description_names_every_route_and_no_schema_that_is_missing(client: Client) -> None:
    text = client.get("/openapi.json").json()
    assert len(text["paths"]) == 32
    references = {
        part.split('"')[0]
        for part in str(text).replace("'", '"').split("#/components/schemas/")[1:]
    }
    assert references <= set(text["components"]["schemas"])
    assert "HTTPValidationError" not in text["components"]["schemas"]
