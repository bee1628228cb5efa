"""Commands over AMQP are stored once, answered, and acknowledged when they are settled."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from producers.amqp.batch import Batches
from producers.amqp.topology import COMMANDS, REJECTED
from schema.command import rfc3339
from schema.customer import Customer
from schema.store.api_keys import AddKey, RevokeKey
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.reads import OperationFilter, list_operations
from schema.store.writer import Writer
from tests.producers.amqp.upstream import Upstream, at_work
from tests.producers.events import NOW, activate, count, customer
from tests.producers.relay.stage import wait_until


@pytest.fixture(autouse=True)
def door(batches: Batches, upstream: Upstream) -> Iterator[None]:
    """The door, at work."""
    with at_work(batches, upstream.url):
        yield


def test_a_command_is_accepted_and_answered_as_over_http(
    upstream: Upstream, database: Database
) -> None:
    answer = upstream.ask(activate("1"), "my-4711")
    assert answer.headers == {"status": 202}
    assert answer.properties.content_type == "application/json"
    assert answer.properties.correlation_id == "my-4711"
    assert answer.json["id"] == "op_1"
    assert answer.json["state"] == "accepted"
    wait_until(lambda: upstream.count(COMMANDS) == 0)
    assert upstream.count(REJECTED) == 0
    assert count(database, "operation") == 1


def test_I2_the_same_command_twice_is_one_operation(upstream: Upstream) -> None:
    assert upstream.ask(activate("1")).headers == {"status": 202}
    repeated = upstream.ask(activate("1"))
    assert (repeated.headers, repeated.json["id"]) == ({"status": 200}, "op_1")


def test_I2_the_same_key_with_other_content_is_rejected(upstream: Upstream) -> None:
    upstream.ask(activate("1"))
    answer = upstream.ask(activate("1", name="Another"))
    assert answer.headers == {"status": 422}
    assert answer.properties.content_type == "application/problem+json"
    assert upstream.rejected().headers["turnup-reason"] == answer.json["reason"]


@pytest.mark.parametrize("spelling", ["ce-", "cloudEvents_", "cloudEvents:", "CE-"])
def test_binary_form_is_understood_in_every_spelling(
    spelling: str, upstream: Upstream, database: Database
) -> None:
    upstream.send_binary(activate("1"), spelling, **{f"{spelling}correlationid": "c-9"})
    wait_until(lambda: count(database, "operation"))
    with database.look() as connection:
        (operation,) = list_operations(connection, OperationFilter())
    assert (operation.subject, operation.correlation_id) == ("acme/pbx-1", "c-9")


@pytest.mark.parametrize(
    "time", ["2026-05-29T08:00:00Z", 1_780_041_600_000, datetime(2026, 5, 29, 8, tzinfo=UTC)]
)
def test_the_time_of_binary_form_may_be_text_or_a_moment(
    time: object, upstream: Upstream, database: Database
) -> None:
    upstream.send_binary(activate("1"), "ce-", **{"ce-time": time})
    wait_until(lambda: count(database, "operation"))


def test_a_batch_in_one_message_is_answered_in_order(upstream: Upstream) -> None:
    events = [customer("blitz"), activate("1"), activate("2", extensions=0), activate("1")]
    upstream.send_all(events, reply_to=upstream.answers)
    answer = upstream.answer()
    assert answer.headers == {"status": 200}
    assert [each["status"] for each in answer.json] == [200, 202, 422, 200]
    rejected = upstream.rejected()
    assert rejected.json == events[2]
    assert rejected.properties.content_type == "application/cloudevents+json"


def test_CO_7_the_user_that_the_broker_vouches_for_is_the_actor(
    upstream: Upstream, database: Database
) -> None:
    for identity, properties in (("1", {"user_id": "guest"}), ("2", {})):
        event = {**activate(identity, f"acme/pbx-{identity}"), "actor": "jane"}
        upstream.send(event, **properties)
    upstream.send(activate("3", "acme/pbx-3"))
    upstream.send(activate("4", "acme/pbx-4"), user_id="guest")
    wait_until(lambda: count(database, "operation") == 4)
    with database.look() as connection:
        actors = [each.actor for each in list_operations(connection, OperationFilter())]
    assert actors == ["amqp:guest", "system", "jane", "amqp:guest for jane"]


def test_CO_7_a_user_whom_a_key_binds_asks_for_his_customers_only(
    upstream: Upstream, database: Database, writer: Writer
) -> None:
    as_guest = {"user_id": "guest"}
    writer.store(AddKey("amqp:guest", "no-token", "partner", "acme-partner"))
    upstream.send(activate("1"), **as_guest, reply_to=upstream.answers)
    assert upstream.answer().json["detail"] == "amqp:guest may not ask for acme"
    upstream.send(activate("2"), reply_to=upstream.answers)
    assert upstream.answer().json["reason"] == "forbidden"
    record = Customer(version=2, name="Acme", partners=("acme-partner",))
    writer.store(ChangeCustomer("acme", record))
    upstream.send(activate("3"), **as_guest, reply_to=upstream.answers)
    assert upstream.answer().json["actor"] == "amqp:guest"
    upstream.send({**activate("4"), "actor": "jane"}, **as_guest, reply_to=upstream.answers)
    assert upstream.answer().json["reason"] == "forbidden"
    writer.store(RevokeKey("amqp:guest"))
    upstream.send(activate("5"), **as_guest, reply_to=upstream.answers)
    assert upstream.answer().json["detail"] == "amqp:guest was revoked"
    assert count(database, "operation") == 1


def test_CO_7_with_any_key_a_message_without_a_user_is_no_operators(
    upstream: Upstream, writer: Writer
) -> None:
    writer.store(AddKey("crm", "some-hash", "operator"))
    upstream.send(activate("1"), reply_to=upstream.answers)
    assert "user_id" in upstream.answer().json["detail"]
    upstream.send(activate("1"), user_id="guest", reply_to=upstream.answers)
    assert upstream.answer().json["actor"] == "amqp:guest"


def test_CO_2_what_cannot_be_accepted_is_kept_and_told_with_every_fault(
    upstream: Upstream,
) -> None:
    event = {**activate("1", name="", extensions=0), "correlationid": "c-1"}
    answer = upstream.ask(event)
    pointers = {"/data/name", "/data/extensions"}
    assert {each["pointer"] for each in answer.json["errors"]} == pointers
    kept, told = upstream.rejected(), upstream.event()
    assert kept.json == event
    assert kept.headers["turnup-reason"] == "invalid"
    assert kept.headers["turnup-status"] == 422
    assert kept.headers["turnup-routing-key"] == "any.key"
    assert all(each in kept.headers["turnup-errors"] for each in pointers)
    assert told.key == "cloud_pbx.rejected.acme"
    assert told.json["type"] == "turnup.cloud_pbx.rejected"
    assert told.json["subject"] == "acme/pbx-1"
    assert told.json["correlationid"] == "c-1"
    assert told.json["data"]["dead_letter"] == kept.headers["turnup-id"]
    assert told.json["data"]["command"] == {"id": "1", "source": "crm"}
    assert {each["pointer"] for each in told.json["data"]["errors"]} == pointers


def test_a_rejection_is_told_by_business_time(upstream: Upstream) -> None:
    upstream.ask(activate("1", extensions=0))
    assert upstream.rejected().headers["turnup-at"] == rfc3339(NOW)
    assert upstream.event().json["time"] == rfc3339(NOW)


def test_CO_1_a_refusal_of_the_state_is_rejected_with_what_is_allowed(upstream: Upstream) -> None:
    upstream.ask(activate("1"))
    refused = upstream.ask(activate("2"))
    assert refused.headers == {"status": 409}
    kept = upstream.rejected()
    assert kept.headers["turnup-reason"] == refused.json["reason"]
    assert kept.headers["turnup-detail"] == refused.json["detail"]


def test_what_nobody_can_read_is_told_under_unknown(upstream: Upstream) -> None:
    upstream.send_raw(b"{", content_type="application/cloudevents+json")
    assert upstream.event().key == "unknown.rejected.unknown"
    assert upstream.rejected().body == b"{"


def test_a_reply_that_can_go_nowhere_is_no_fault(upstream: Upstream, database: Database) -> None:
    upstream.send(activate("1"), reply_to="nobody.is.here", correlation_id="1")
    assert upstream.ask(activate("2", "acme/pbx-2")).headers == {"status": 202}
    assert count(database, "operation") == 2


def test_a_reply_may_go_straight_to_who_asked(upstream: Upstream, database: Database) -> None:
    answers = []
    channel = upstream._channel  # noqa: SLF001  RabbitMQ wants the same channel for both
    channel.basic_consume(
        "amq.rabbitmq.reply-to", lambda *given: answers.append(given[3]), auto_ack=True
    )
    upstream.send(activate("1"), reply_to="amq.rabbitmq.reply-to")

    def look() -> bool:
        channel.connection.process_data_events(0)
        return bool(answers)

    wait_until(look)
    assert b"op_1" in answers[0]
