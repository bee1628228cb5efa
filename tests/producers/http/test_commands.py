"""Commands over HTTP: every form, every status."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from requests import Response
from sqlalchemy import event

from producers.amqp.dead import RejectedQueue
from producers.http.app import create_app
from producers.http.doors import Doors
from producers.intake import Intake
from schema.lifecycle import Product
from schema.store.database import Database
from schema.store.leases import WAKER, WORKER, Boot, Renew
from schema.store.writer import Writer
from tests.producers.conftest import SEALER, Offers
from tests.producers.events import activate, count, customer, deactivate, settle
from tests.producers.http.conftest import STRUCTURED, Client, session_on


def problem(response: Response, status: int) -> dict[str, Any]:
    """The problem that a response tells."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = response.json()
    assert (told["status"], told["type"]) == (status, "about:blank")
    return told


def test_a_new_command_is_202_with_its_operation_and_where_that_is(
    client: Client, offers: Offers
) -> None:
    response = client.send(activate("1"))
    assert response.status_code == 202
    assert response.headers["location"] == "/v1/operations/op_1"
    assert response.json() == client.get("/v1/operations/op_1").json()
    assert offers.made == [("cloud_pbx", [1])]


def test_an_answer_is_what_a_look_would_show_and_only_repeats_cost_one(
    client: Client, database: Database
) -> None:
    client.send_all([activate(str(n), f"acme/pbx-{n}") for n in range(2)])
    settle(database, "active")
    later = deactivate("4", "acme/pbx-1", not_before="2026-05-31T22:00:00Z")
    new = [activate("2", "acme/pbx-0"), activate("3", "acme/pbx-3"), later]
    asked: list[str] = []
    event.listen(database.reading, "before_cursor_execute", lambda *given: asked.append(given[2]))
    answers = client.send_all(new).json()
    assert not any("operation" in each for each in asked)
    repeated = client.send_all(new).json()
    assert [each["operation"] for each in answers] == [each["operation"] for each in repeated]
    assert [each["status"] for each in repeated] == [200] * 3


def test_CO_8_who_is_replaced_by_another_of_his_batch_is_told_so(
    client: Client, database: Database
) -> None:
    admins = [{"name": "Anna", "email": "anna@acme.example"}]
    client.send_all([customer(version=2, admins=admins), activate("1")])
    settle(database, "deactivated")
    delete = {"type": "turnup.cloud_pbx.delete"}
    told = client.send_all([deactivate(each) | delete for each in "23"]).json()
    assert [each["status"] for each in told] == [202, 202]
    states = [each["operation"]["state"] for each in told]
    assert states == ["cancelled", "accepted"]


def test_I2_a_repeat_is_200_with_the_first_operation(client: Client) -> None:
    first, again = client.send(activate("1")), client.send(activate("1"))
    assert (again.status_code, again.json()) == (200, first.json())


def test_I2_other_content_under_a_key_is_422(client: Client) -> None:
    client.send(activate("1"))
    told = problem(client.send(activate("1", name="Other")), 422)
    assert (told["reason"], told["operation"]) == ("key_reused", "op_1")


def test_CO_1_a_refusal_names_state_and_what_is_allowed(client: Client, database: Database) -> None:
    client.send(activate("1"))
    settle(database, "deactivating")
    told = problem(client.send(deactivate("2")), 409)
    assert (told["reason"], told["state"], told["allowed"]) == (
        "state_not_allowed",
        "deactivating",
        [],
    )


def test_CO_2_every_fault_is_listed_with_its_pointer(client: Client) -> None:
    told = problem(client.send(activate("1", name="", extensions=0)), 422)
    assert [fault["pointer"] for fault in told["errors"]] == ["/data/name", "/data/extensions"]


def test_CO_6_a_verb_that_is_not_there_is_422_with_the_verbs(client: Client) -> None:
    told = problem(client.send(activate("1") | {"type": "turnup.cloud_pbx.fly"}), 422)
    assert (told["reason"], told["verbs"]) == (
        "verb_not_supported",
        ["activate", "deactivate", "delete"],
    )


def test_CO_8_a_busy_service_is_409_with_operation_and_deadline(
    client: Client, database: Database
) -> None:
    client.send(activate("1"))
    settle(database, "active")
    client.send(deactivate("2"))
    told = problem(client.send(deactivate("3")), 409)
    assert (told["reason"], told["operation"]) == ("busy", "op_2")
    assert told["deadline"] == "2026-05-29T08:15:00Z"


def test_a_dry_run_is_200_with_its_plan(client: Client, database: Database) -> None:
    response = client.send(activate("1", dry_run=True))
    assert response.status_code == 200
    assert response.json() == {
        "deadline": "2026-05-29T08:15:00Z",
        "already": False,
        "steps": ["create_instances", "allow_access", "switch_on_instances"],
        "replaces": [],
        "advice": None,
    }
    assert count(database, "operation") == 0


def test_a_dry_run_in_the_wrong_place_is_422_and_nothing_is_done(
    client: Client, database: Database
) -> None:
    asked = client.post("/v1/commands?dry_run=true&x=1", json=activate("1"), headers=STRUCTURED)
    told = problem(asked, 422)
    assert [each["pointer"] for each in told["errors"]] == ["/query/dry_run", "/query/x"]
    assert "dry_run" in told["errors"][0]["detail"]
    binary = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "crm", "ce-subject": "acme/pbx-1"}
    binary |= {"ce-type": "turnup.cloud_pbx.activate", "ce-dryrun": "true"}
    problem(client.post("/v1/commands", json=activate("1")["data"], headers=binary), 422)
    assert count(database, "operation") == 0


def test_a_call_with_a_query_is_422_and_nothing_is_done(client: Client, database: Database) -> None:
    client.send(activate("1"))
    problem(client.post("/v1/operations/op_1/cancel?dry_run=1"), 422)
    assert client.get("/v1/operations/op_1").json()["state"] == "accepted"
    assert count(database, "operation") == 1


def test_a_customer_is_200_with_what_became_of_it(client: Client) -> None:
    response = client.send(customer("beta", version=4))
    assert response.json() == {"customer": "beta", "version": 4, "changed": True}
    assert client.get("/v1/customers/beta").json()["record"]["version"] == 4


@pytest.mark.parametrize("size", [3, 400])
def test_a_batch_small_or_large_is_answered_in_order(client: Client, size: int) -> None:
    events = [activate(str(n), f"acme/pbx-{n}") for n in range(size)]
    response = client.send_all([*events, events[0], 7])
    outcomes = response.json()
    assert response.status_code == 200
    assert [each["status"] for each in outcomes] == [202] * size + [200, 422]
    assert [each["operation"]["subject"] for each in outcomes[:size]] == [
        event["subject"] for event in events
    ]
    assert outcomes[-1]["problem"]["errors"][0]["pointer"] == ""
    assert set(outcomes[-1]) == {"status", "problem"}


def test_binary_form_is_the_same_command(client: Client) -> None:
    attributes = {
        "ce-specversion": "1.0",
        "ce-id": "%31",
        "ce-source": "crm",
        "ce-type": "turnup.cloud_pbx.activate",
        "ce-subject": "acme/pbx-1",
    }
    event = activate("1")
    binary = client.post("/v1/commands", json=event["data"], headers=attributes)
    assert binary.status_code == 202
    assert client.send(event).json() == binary.json()


def test_CO_2_binary_form_tells_the_attributes_that_are_missing(client: Client) -> None:
    response = client.post("/v1/commands", json={}, headers={"ce-id": "1"})
    pointers = {fault["pointer"] for fault in problem(response, 422)["errors"]}
    assert {"/specversion", "/source", "/type"} <= pointers


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/cloudevents+json", b"{", 400),
        ("application/cloudevents+json", b"", 400),
        ("application/cloudevents+json", b"\xff", 400),
        ("application/cloudevents+json", b"[NaN]", 400),
        ("application/cloudevents+json", b"[" * 20_000, 400),
        ("application/cloudevents+json; charset=utf-8", b"[]", 422),
        ("application/cloudevents-batch+json", b"{}", 422),
        ("application/json", b"{}", 415),
        ("text/plain", b"{}", 415),
    ],
)
def test_what_is_no_command_is_refused(client: Client, kind: str, body: bytes, status: int) -> None:
    response = client.post("/v1/commands", data=body, headers={"content-type": kind})
    problem(response, status)


def test_a_body_that_is_too_large_is_413_declared_or_not(client: Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * 50_000

    for body in (b" " * 200_001, parts()):
        problem(client.post("/v1/commands", data=body, headers=STRUCTURED), 413)


def test_a_full_disk_is_507(client: Client, database: Database) -> None:
    with database.writing.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    told = problem(client.send_all([activate(str(n), f"acme/pbx-{n}") for n in range(99)]), 507)
    assert told["reason"] == "store_full"
    assert count(database, "operation") == 0


def test_a_database_that_does_not_answer_is_503_with_when_to_ask_again(
    doors: Doors, database: Database, products: dict[str, Product], offers: Offers
) -> None:
    asleep = Intake(
        Writer(database, products), products, offers, SEALER, patience=timedelta(seconds=0.02)
    )
    app = create_app(replace(doors, intake=asleep))
    with session_on(app) as session:
        response = session.post("/v1/commands", data=json.dumps(activate("1")), headers=STRUCTURED)
    assert problem(response, 503)["reason"] == "unavailable"
    assert int(response.headers["retry-after"]) > 0


def test_I1_a_command_that_was_given_up_is_not_stored_later(
    doors: Doors, database: Database, products: dict[str, Product], offers: Offers
) -> None:
    writer = Writer(database, products)
    asleep = Intake(writer, products, offers, SEALER, patience=timedelta(seconds=0.02))
    app = create_app(replace(doors, intake=asleep))
    with session_on(app) as session:
        response = session.post("/v1/commands", data=json.dumps(activate("1")), headers=STRUCTURED)
    assert "may be done or not" in problem(response, 503)["detail"]
    writer.start()
    assert writer.stop()
    assert count(database, "command") == 0


def test_with_too_much_waiting_a_command_is_503_at_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.store.writer.MOST_WAITING", 0)
    response = client.send(activate("1"))
    assert problem(response, 503)["reason"] == "unavailable"
    assert int(response.headers["retry-after"]) > 0


def test_I2_many_at_once_are_each_accepted_once(app: FastAPI, database: Database) -> None:
    def send(_: int) -> list[str]:
        with session_on(app) as session:
            client = Client(session)
            return [client.send(activate(str(n), f"acme/{n}")).json()["id"] for n in range(8)]

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(send, range(4))
    assert others == [first] * 3
    assert count(database, "operation") == 8


def test_where_one_process_does_all_it_is_ready_while_its_parts_work(
    client: Client, writer: Writer
) -> None:
    assert "waker, worker" in problem(client.get("/readyz"), 503)["detail"]
    row = writer.store(Boot(WAKER, "here", {}, timedelta(minutes=5)))
    assert "do not work: worker" in problem(client.get("/readyz"), 503)["detail"]
    writer.store(Boot(WORKER, "here", {}, timedelta(minutes=5)))
    assert client.get("/readyz").json() == {"status": "ready", "waker": "alive"}
    writer.store(Renew(row, timedelta(seconds=-1)))
    assert problem(client.get("/readyz"), 503)["reason"] == "not_ready"


def test_a_door_of_its_own_goes_on_taking_commands_while_no_waker_works(
    app: FastAPI, writer: Writer
) -> None:
    app.state.doors = replace(app.state.doors, dead=RejectedQueue("amqp://127.0.0.1:1/"))
    with session_on(app) as session:
        client = Client(session)
        assert client.get("/readyz").json() == {"status": "ready", "waker": "missing"}
        writer.store(Boot(WAKER, "here", {}, timedelta(minutes=5)))
        assert client.get("/readyz").json() == {"status": "ready", "waker": "alive"}


def test_it_is_alive_always_and_ready_while_the_database_answers(
    client: Client, database: Database, writer: Writer
) -> None:
    for role in (WAKER, WORKER):
        writer.store(Boot(role, "here", {}, timedelta(minutes=5)))
    assert client.get("/readyz").status_code == 200
    database.reading.dispose()
    database.path.rename(database.path.with_suffix(".gone"))
    assert client.get("/healthz").json() == {"status": "alive"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert str(database.path) not in answer.text
