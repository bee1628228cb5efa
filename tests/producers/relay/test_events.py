"""Events say what happened, and say the same when they are sent again."""

import json
from datetime import UTC, datetime
from typing import Any

from producers.relay.events import render, routing_key
from schema.products.cloud_pbx import PRODUCT
from schema.store.outbox import OutgoingEvent

OVERDUE = OutgoingEvent(
    id=5,
    kind=0,
    owner=33,
    number=9,
    sequence=4,
    event="overdue",
    at=datetime(2026, 3, 2, 10, 15, 0, 1000, tzinfo=UTC),
    why="the deadline was missed",
    before=None,
    state="running",
    step="switch_off_instances",
    product="cloud_pbx",
    customer="acme",
    reference="pbx-1",
    service_id=2,
    operation=33,
    verb="deactivate",
    deadline_at=datetime(2026, 3, 2, 10, 15, tzinfo=UTC),
    reason=None,
    outcome=None,
    ticket=7,
    actor="jane",
    correlation_id="c-1",
)
SERVICE = OVERDUE._replace(
    kind=1,
    owner=2,
    event="service_changed",
    before="active",
    state="deactivating",
    ticket=None,
)


def rendered(event: OutgoingEvent) -> dict[str, Any]:
    """Return what is sent for an event."""
    told: dict[str, Any] = json.loads(render(event, PRODUCT, "turnup"))
    return told


def test_an_operations_event() -> None:
    assert rendered(OVERDUE) == {
        "specversion": "1.0",
        "type": "turnup.cloud_pbx.overdue",
        "id": "op_11/4",
        "source": "turnup",
        "subject": "acme/pbx-1",
        "time": "2026-03-02T10:15:00.001Z",
        "datacontenttype": "application/json",
        "partitionkey": "op_11",
        "sequence": "0000000004",
        "correlationid": "c-1",
        "actor": "jane",
        "data": {
            "operation": "op_11",
            "verb": "deactivate",
            "service": "svc_2",
            "state": "running",
            "why": "the deadline was missed",
            "step": "switch_off_instances",
            "deadline_at": "2026-03-02T10:15:00Z",
            "overdue": True,
            "ticket": "tkt_7",
        },
    }


def test_a_services_event_says_whether_it_is_billed() -> None:
    told = rendered(SERVICE)
    assert (told["id"], told["partitionkey"]) == ("svc_2/4", "svc_2")
    assert told["data"] == {
        "service": "svc_2",
        "operation": "op_11",
        "verb": "deactivate",
        "state": "deactivating",
        "before": "active",
        "why": "the deadline was missed",
        "billing": "on",
    }
    assert (told["actor"], told["correlationid"]) == ("jane", "c-1")
    assert rendered(SERVICE._replace(state="deleted"))["data"]["billing"] == "off"


def test_a_services_event_without_an_operation_names_none() -> None:
    alone = SERVICE._replace(operation=None, verb=None, deadline_at=None, actor=None)
    told = rendered(alone)
    assert {"operation", "verb"}.isdisjoint(told["data"])
    assert "actor" not in told


def test_sequences_are_in_order_as_texts_too() -> None:
    told = [rendered(OVERDUE._replace(sequence=number))["sequence"] for number in (2, 9, 10, 111)]
    assert told == sorted(told)
    assert all(isinstance(each, str) for each in told)


def test_an_event_that_is_sent_again_is_the_same_though_the_operation_went_on() -> None:
    first = OVERDUE._replace(event="waiting", ticket=None)
    later = first._replace(ticket=7, reason="parked", outcome="done")
    assert render(first, PRODUCT, "turnup") == render(later, PRODUCT, "turnup")


def test_an_end_says_how_it_ended() -> None:
    ended = OVERDUE._replace(event="failed", state="failed", reason="rejected", outcome="late")
    told = rendered(ended)["data"]
    assert (told["reason"], told["outcome"], told["ticket"]) == ("rejected", "late", "tkt_7")


def test_an_event_exactly_at_the_deadline_is_in_time() -> None:
    deadline = OVERDUE.deadline_at
    assert deadline is not None
    assert rendered(OVERDUE._replace(event="waiting", at=deadline))["data"]["overdue"] is False


def test_a_key_names_product_event_and_customer() -> None:
    assert routing_key(OVERDUE) == "cloud_pbx.overdue.acme"
