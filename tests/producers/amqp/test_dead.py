"""What could not be accepted can be looked at, sent again, and dropped."""

import json
import socket

import pika
import pytest

from producers.amqp import topology
from producers.amqp.batch import Batches
from producers.amqp.dead import RejectedQueue
from producers.amqp.line import Line
from producers.amqp.topology import COMMANDS, REJECTED
from producers.dead import BrokerAway
from producers.relay.link import LinkLost, parameters
from schema.errors import NotFound
from schema.store.database import Database
from schema.store.reads import OperationFilter, list_operations
from tests.producers.amqp.upstream import STRUCTURED, Upstream, at_work
from tests.producers.events import activate, count, customer
from tests.producers.relay.stage import wait_until


@pytest.fixture
def dead(upstream: Upstream) -> RejectedQueue:
    """The queue of the rejected."""
    return RejectedQueue(upstream.url)


def test_looking_changes_nothing_and_ids_stay(
    batches: Batches, upstream: Upstream, dead: RejectedQueue
) -> None:
    reject(batches, upstream, activate("1", extensions=0), activate("2", "nobody/pbx-1"))
    first, second = sorted(dead.list(), key=lambda each: each.command or "")
    assert (first.reason, first.command, first.subject) == ("invalid", "1", "acme/pbx-1")
    assert [each.pointer for each in first.errors] == ["/data/extensions"]
    assert second.type == "turnup.cloud_pbx.activate"
    for _ in range(25):
        dead.list()
    assert {each.id: each for each in dead.list()} == {first.id: first, second.id: second}
    shown = dead.show(second.id)
    assert json.loads(shown.body) == activate("2", "nobody/pbx-1")
    assert shown.content_type == STRUCTURED
    wait_until(lambda: upstream.count(REJECTED) == 2)


def test_what_is_sent_again_is_carried_out_in_the_name_of_who_sent_it(
    batches: Batches, upstream: Upstream, dead: RejectedQueue, database: Database
) -> None:
    reject(batches, upstream, activate("1", "blitz/pbx-1"), user_id="guest")
    (found,) = dead.list()
    assert found.user == "guest"
    upstream.send(customer("blitz"))
    dead.requeue(found.id)
    with at_work(batches, upstream.url):
        wait_until(lambda: count(database, "operation"))
    with database.look() as connection:
        (operation,) = list_operations(connection, OperationFilter())
    assert (operation.subject, operation.actor) == ("blitz/pbx-1", "amqp:guest")
    assert dead.list() == []


def test_a_name_that_a_sender_gives_himself_is_not_believed(
    batches: Batches, upstream: Upstream, dead: RejectedQueue, database: Database
) -> None:
    body = json.dumps(activate("1", "blitz/pbx-1")).encode()
    upstream.send_raw(body, content_type=STRUCTURED, headers={"turnup-user": "boss"})
    with at_work(batches, upstream.url):
        wait_until(lambda: upstream.count(REJECTED) == 1)
        (found,) = dead.list()
        assert found.user is None
        upstream.ask(customer("blitz"))
        dead.requeue(found.id)
        wait_until(lambda: count(database, "operation"))
    with database.look() as connection:
        assert list_operations(connection, OperationFilter())[0].actor == "system"


def test_what_is_sent_again_in_binary_form_is_still_an_event(
    batches: Batches, upstream: Upstream, dead: RejectedQueue, database: Database
) -> None:
    upstream.send_binary(activate("1", "blitz/pbx-1"), "cloudEvents:")
    with at_work(batches, upstream.url):
        wait_until(lambda: upstream.count(REJECTED) == 1)
        (found,) = dead.list()
        assert (found.command, found.subject) == ("1", "blitz/pbx-1")
        upstream.ask(customer("blitz"))
        dead.requeue(found.id)
        wait_until(lambda: count(database, "operation"))


def test_what_is_dropped_is_gone_and_nothing_else_is(
    batches: Batches, upstream: Upstream, dead: RejectedQueue
) -> None:
    reject(batches, upstream, *(activate(each, extensions=0) for each in ("1", "2", "3")))
    first, second, third = dead.list()
    assert dead.drop(second.id).id == second.id
    assert {each.id for each in dead.list()} == {first.id, third.id}
    with pytest.raises(NotFound):
        dead.drop(second.id)


def test_anything_in_the_queue_can_be_listed(upstream: Upstream, dead: RejectedQueue) -> None:
    headers = {"turnup-errors": "{", "turnup-id": 7, "turnup-reason": [1]}
    with pika.BlockingConnection(pika.URLParameters(upstream.url)) as connection:
        connection.channel().basic_publish(
            "", REJECTED, b"\xff", pika.BasicProperties(headers=headers)
        )
    wait_until(lambda: upstream.count(REJECTED) == 1)
    (found,) = dead.list()
    assert (found.id, found.reason, found.errors) == ("7", "undeliverable", ())


def test_a_broker_that_is_away_is_told() -> None:
    told = "^the broker 127.0.0.1:9 does not answer: Connection refused$"
    with pytest.raises(BrokerAway, match=told):
        RejectedQueue("amqp://guest:guest@127.0.0.1:9/%2F").list()


def test_a_broker_that_says_nothing_is_told_as_one_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topology, "parameters", lambda url: parameters(url, 0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}/%2F"
        with pytest.raises(BrokerAway, match="does not answer: "):
            RejectedQueue(url).list()
        with pytest.raises(topology.TopologyRefused):
            topology.require_topology(url)
        with pytest.raises(LinkLost):
            Line(url)


def reject(batches: Batches, upstream: Upstream, *events: object, **properties: str) -> None:
    """Let the door reject these."""
    for event in events:
        upstream.send(event, **properties)
    with at_work(batches, upstream.url):
        wait_until(lambda: upstream.count(REJECTED) == len(events))
    assert upstream.count(COMMANDS) == 0
