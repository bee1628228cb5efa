"""What can be read over HTTP, and the calls on it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update
from standardwebhooks import Webhook

from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.writer import Writer
from schema.tables import OVERDUE, comment, operation, service, ticket
from tests.producers.conftest import SECRET, both_kinds
from tests.producers.events import NOW, activate, customer, settle
from tests.producers.http.conftest import Client

pytestmark = both_kinds


@pytest.fixture
def two(client: Client) -> Client:
    """A customer with two services, and another with one."""
    client.send(customer("beta"))
    for name in ("acme/a", "acme/b", "beta/a"):
        client.send(activate(name, name))
    return client


def subjects(client: Client, **query: object) -> list[str]:
    """The subjects of the operations that a query finds."""
    response = client.get("/v1/operations", **query)
    assert response.status_code == 200, response.text
    return [each["subject"] for each in response.json()["items"]]


def test_an_operation_reads_as_it_is_described(two: Client) -> None:
    assert two.get("/v1/operations/op_1").json() == {
        "id": "op_1",
        "product": "cloud_pbx",
        "verb": "activate",
        "customer": "acme",
        "service": "svc_1",
        "subject": "acme/a",
        "state": "accepted",
        "step": None,
        "attempt": 0,
        "accepted_at": "2026-05-29T08:00:00Z",
        "deadline_at": "2026-05-29T08:15:00Z",
        "next_try_at": None,
        "overdue": False,
        "ended_at": None,
        "outcome": None,
        "reason": None,
        "ticket": None,
        "source": "crm",
        "actor": "system",
        "correlation_id": None,
        "remote": None,
        "confirmation": None,
        "advice": None,
    }


def test_operations_are_found_by_what_they_are(two: Client, database: Database) -> None:
    with database.writing.begin() as connection:
        connection.execute(update(operation).where(operation.c.id == 2).values(state="waiting"))
    assert subjects(two) == ["beta/a", "acme/b", "acme/a"]
    assert subjects(two, customer="acme") == ["acme/b", "acme/a"]
    assert subjects(two, state="waiting") == ["acme/b"]
    assert subjects(two, state="failed") == []
    assert subjects(two, product="fax") == []
    assert subjects(two, service="acme/a") == subjects(two, service="svc_1") == ["acme/a"]


def test_CO_5_what_is_not_done_by_its_deadline_is_overdue_also_when_it_ends_late(
    two: Client, database: Database, writer: Writer
) -> None:
    assert subjects(two, overdue=True) == []
    settled = update(operation).where(operation.c.id == 1).values(state="succeeded", ended_at=1)
    with database.writing.begin() as connection:
        connection.execute(settled)
    writer.store(MoveTime(NOW + timedelta(minutes=15, milliseconds=1)))
    assert subjects(two, overdue=True) == ["beta/a", "acme/b"]
    with database.writing.begin() as connection:  # one of them has been decided about
        connection.execute(update(operation).where(operation.c.id == 2).values(told=OVERDUE))
    assert subjects(two, overdue=True) == ["beta/a", "acme/b"]
    assert subjects(two, overdue=True, limit=1) == ["beta/a"]
    assert subjects(two, overdue=True, customer="acme", state="accepted") == ["acme/b"]
    assert subjects(two, overdue=False) == ["acme/a"]
    assert not two.get("/v1/operations/op_1").json()["overdue"]
    with database.writing.begin() as connection:
        connection.execute(update(operation).values(ended_at=operation.c.deadline_at + 1))
    assert two.get("/v1/operations/op_1").json()["overdue"]


def test_a_list_goes_on_where_the_page_before_ended_whatever_was_added(two: Client) -> None:
    first = two.get("/v1/operations", limit=2).json()
    two.send(activate("late", "acme/late"))
    rest = two.get("/v1/operations", limit=2, cursor=first["next"]).json()
    found = [each["subject"] for each in first["items"] + rest["items"]]
    assert (found, rest["next"]) == (["beta/a", "acme/b", "acme/a"], None)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"cursor": "svc_1"}, "/query/cursor"),
        ({"limit": 0}, "/query/limit"),
        ({"state": "done"}, "/query/state"),
        ({"costumer": "acme"}, "/query/costumer"),
        ({"customer": "a\0"}, "/query/customer"),
    ],
)
def test_a_query_that_is_wrong_is_422(client: Client, query: dict[str, str], pointer: str) -> None:
    response = client.get("/v1/operations", **query)
    assert response.status_code == 422
    assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


def test_I7_a_history_has_every_line_and_no_facts(two: Client) -> None:
    two.post("/v1/operations/op_1/cancel", json={"actor": "anna"})
    lines = two.get("/v1/operations/op_1/history").json()
    assert [line["number"] for line in lines] == [1, 2]
    assert lines[1] == {
        "number": 2,
        "at": "2026-05-29T08:00:00Z",
        "who": "anna",
        "what": "cancelled",
        "why": "before it began",
        "from": "accepted",
        "to": "cancelled",
        "step": None,
        "event": "cancelled",
    }
    by_name = two.get("/v1/services/acme/a/history")
    assert by_name.json() == two.get("/v1/services/svc_1/history").json()
    assert [line["to"] for line in by_name.json()] == ["new", "deleted"]


def test_CP_2_access_data_is_shown_only_while_active(two: Client, database: Database) -> None:
    facts = json.dumps({"portal_url": "https://a", "sip_domain": "a", "inner": 1})
    settle(database, "active")
    with database.writing.begin() as connection:
        connection.execute(update(service).values(facts=facts))
    shown = two.get("/v1/services/acme/a").json()
    assert (shown["facts"], shown["billing"]) == (
        {"portal_url": "https://a", "sip_domain": "a"},
        "on",
    )
    settle(database, "deactivated")
    shown = two.get("/v1/services/svc_1").json()
    assert (shown["facts"], shown["billing"]) == ({}, "on")


def test_a_service_names_the_operation_that_is_under_way(two: Client, database: Database) -> None:
    found = two.get("/v1/services", customer="acme").json()["items"]
    assert [(each["id"], each["operation"]) for each in found] == [
        ("svc_2", "op_2"),
        ("svc_1", "op_1"),
    ]
    settle(database, "active")
    assert two.get("/v1/services/svc_1").json()["operation"] is None


def test_tickets_are_read_with_their_comments(two: Client, database: Database) -> None:
    texts = {
        "desk": "provider_support",
        "severity": "normal",
        "title": "Late",
        "body": "It is late.",
    }
    with database.writing.begin() as connection:
        for key in (1, 3):
            row = {"id": key, "operation_id": key, "state": "open", "opened_at": 0, **texts}
            connection.execute(insert(ticket).values(row))
        connection.execute(insert(comment).values(ticket_id=1, at=1000, body="Done."))
    found = two.get("/v1/tickets", customer="acme", state="open", product="cloud_pbx").json()[
        "items"
    ]
    assert found == [two.get("/v1/tickets/tkt_1").json()]
    assert found[0]["reference"] == "acme/a"
    assert found[0]["comments"] == [{"at": "1970-01-01T00:00:01Z", "body": "Done."}]
    assert [each["id"] for each in two.get("/v1/tickets").json()["items"]] == ["tkt_3", "tkt_1"]


def test_CO_1_products_publish_states_verbs_and_their_table(client: Client) -> None:
    found = {each["name"]: each for each in client.get("/v1/products").json()}["cloud_pbx"]
    assert found["table"]["deactivate"]["active"] == "Y"
    assert found["table"]["cancel"]["active"] == "-"
    assert found["verbs"]["activate"]["deadline"] == "15m"
    assert set(found["verbs"]["activate"]["fields"]["required"]) == {"name", "extensions"}


@pytest.mark.parametrize(
    "path",
    [
        "operations/op_9",
        "operations/nonsense",
        "operations/op_9/history",
        "services/svc_9",
        "services/acme/none",
        "services/svc_9/history",
        "customers/nobody",
        "tickets/tkt_9",
        "nothing",
    ],
)
def test_what_is_not_there_is_404(client: Client, path: str) -> None:
    response = client.get(f"/v1/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_cancelling_is_200_when_done_and_when_the_same_is_asked_again(two: Client) -> None:
    done = two.post("/v1/operations/op_1/cancel")
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    again = two.post("/v1/operations/op_1/cancel")
    assert (again.status_code, again.json()) == (200, done.json())


def test_cancelling_is_202_while_it_is_undone(two: Client, database: Database) -> None:
    with database.writing.begin() as connection:
        connection.execute(update(operation).values(state="waiting"))
        connection.execute(update(service).values(state="activating"))
    asked = two.post("/v1/operations/op_1/cancel", json={"actor": "anna"})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")


def test_a_signal_is_204_when_signed_and_401_when_not(client: Client) -> None:
    body = json.dumps({"id": "e", "at": "2026-05-29T08:00:00Z", "kind": "instances_on"})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "e",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("e", now, body),
    }
    path = "/v1/platforms/cloud_pbx/events"
    assert client.post(path, data=body, headers=headers).status_code == 204
    assert client.post(path, data=body, headers=headers).status_code == 204
    assert client.post(path, data=body).status_code == 401
    assert client.post("/v1/platforms/fax/events", data=body, headers=headers).status_code == 401
