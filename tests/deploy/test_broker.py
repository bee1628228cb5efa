"""Offers reach the engine, cost a door nothing, and may be lost, but never wait or accumulate."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pika
import pytest
from dramatiq import Broker, Message
from pika.adapters.blocking_connection import BlockingChannel
from structlog.testing import capture_logs

from deploy.broker import (
    BrokerUnreachable,
    RabbitBroker,
    rabbit_broker,
    require_broker,
)
from deploy.offers import embedded_broker, offers
from schema.queue import ACTOR, queue_name
from tests.servers.process import free_port
from tests.servers.rabbit import RabbitServer
from workers.actor import Consumer, declare_look

Taken = list[tuple[str, list[int]]]


def wait_until(is_so: Callable[[], object], seconds: float = 30) -> None:
    """Look again and again whether something is so; fail when it does not become so in time."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while not is_so():
        assert time.monotonic() < until, "it did not happen in time"
        pause.wait(0.01)


@contextmanager
def consuming(broker: Broker, *products: str) -> Iterator[Taken]:
    """An engine that notes what it is offered."""
    taken: Taken = []

    def take(product: str, operations: Sequence[int]) -> None:
        taken.append((product, list(operations)))

    declare_look(broker, take, products)
    consumer = Consumer(broker, products)
    consumer.start()
    try:
        yield taken
    finally:
        consumer.stop()
        broker.close()


@pytest.fixture
def broker(rabbit_server: RabbitServer) -> Iterator[RabbitBroker]:
    made = rabbit_broker(rabbit_server.url)
    yield made
    made.close()


@contextmanager
def channel(server: RabbitServer) -> Iterator[pika.adapters.blocking_connection.BlockingChannel]:
    """A channel beside the broker."""
    connection = pika.BlockingConnection(pika.URLParameters(server.url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def test_an_offer_reaches_the_engine_inside_one_process() -> None:
    broker = embedded_broker(["one", "two"])
    assert broker.middleware == []
    with consuming(broker, "one", "two") as taken:
        offers(broker)("two", range(250))
        wait_until(lambda: len(taken) == 3)
    assert taken == [("two", list(range(first, min(first + 100, 250)))) for first in (0, 100, 200)]


def test_an_offer_reaches_the_engine_through_rabbitmq(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    with consuming(rabbit_broker(rabbit_server.url), "one", "two") as taken:
        offers(broker)("two", range(250))
        offers(broker)("one", [7])
        wait_until(lambda: len(taken) == 4)
    assert sorted(len(ids) for _, ids in taken) == [1, 50, 100, 100]
    assert ("one", [7]) in taken


def test_a_worker_gets_the_offers_of_its_products_only(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    with consuming(rabbit_broker(rabbit_server.url), "mine") as taken:
        offers(broker)("theirs", [1])
        offers(broker)("mine", [2])
        wait_until(lambda: taken)
    assert taken == [("mine", [2])]
    with channel(rabbit_server) as beside:
        found = beside.queue_declare(queue_name("theirs"), passive=True)
        assert found.method.message_count == 1


def test_a_queue_is_bounded_drops_its_oldest_and_has_no_dead_letters(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    with consuming(rabbit_broker(rabbit_server.url), "shape") as taken:
        offers(broker)("shape", [1])
        wait_until(lambda: taken)
    columns = ("name", "durable", "type", "arguments")
    told = rabbit_server.ctl("list_queues", *columns, "--no-table-headers").splitlines()
    lines = [line.split("\t") for line in told if "shape" in line]
    assert [line[:3] for line in lines] == [["turnup.wake.shape", "true", "classic"]]
    for argument in ('"x-max-length",10000', '"x-overflow","drop-head"'):
        assert argument in lines[0][3].replace(" ", "")
    assert "dead-letter" not in lines[0][3]
    assert not any(line.startswith("turnup.wake") and ".Q" in line for line in told)
    assert not any(name in line for line in told for name in (".DQ", ".XQ"))


@pytest.mark.parametrize("is_silent", [False, True])
def test_an_offer_never_blocks_or_raises_while_the_broker_is_away(*, is_silent: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1] if is_silent else free_port()
        broker = rabbit_broker(f"amqp://guest:guest@127.0.0.1:{port}/%2F")
        offer = offers(broker)
        with capture_logs() as logs:
            slowest = 0.0
            for number in range(2_000):
                began = time.monotonic()
                offer("one", [number])
                slowest = max(slowest, time.monotonic() - began)
            wait_until(lambda: is_silent or logs)
            offer("one", [1])
            threading.Event().wait(0 if is_silent else 1.5)
            offer("one", [2])
        assert slowest < 1
        assert len(logs) <= 1
    broker.close()


def test_a_broker_that_says_nothing_is_one_line_and_stops_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deploy.broker.PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, capture_logs() as logs:
        url = f"amqp://guest:secret@127.0.0.1:{silent.getsockname()[1]}/%2F"
        with pytest.raises(BrokerUnreachable, match="cannot be used: ") as told:
            require_broker(url, 0.1)
        made = rabbit_broker(url)
        offers(made)("one", [1])
        wait_until(lambda: logs)
        assert next(iter(made.consume("turnup.wake.one", 1, 10))) is None
        made.close()
    assert "secret" not in str(told.value)


def test_offers_and_consumers_wait_for_a_broker_and_say_so_once(
    rabbit_server: RabbitServer,
) -> None:
    rabbit_server.stop()
    broker = rabbit_broker(rabbit_server.url)
    offer = offers(broker)
    with capture_logs() as logs, consuming(broker, "late", "later") as taken:
        wait_until(lambda: logs)
        offer("late", [1])
        rabbit_server.start()
        wait_until(lambda: len(logs) == 2)
        offer("late", [2])
        wait_until(lambda: ("late", [2]) in taken)
        rabbit_server.restart()
        wait_until(lambda: len(logs) == 4)
        offer("later", [3])
        wait_until(lambda: ("later", [3]) in taken)
    told = [entry["event"] for entry in logs]
    assert told == ["broker_gone", "broker_answers_again"] * 2


def test_a_queue_that_was_deleted_is_made_again(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    with consuming(rabbit_broker(rabbit_server.url), "gone") as taken:
        offers(broker)("gone", [1])
        wait_until(lambda: taken)
        with capture_logs() as logs, channel(rabbit_server) as beside:
            beside.queue_delete(queue_name("gone"))
            wait_until(lambda: len(logs) == 2)
        offers(broker)("gone", [2])
        wait_until(lambda: len(taken) == 2)


def test_a_message_from_before_a_reconnection_acknowledges_no_other(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    name = queue_name("fenced")
    deliveries = broker.consume(name, prefetch=1, timeout=100)
    wait_until(lambda: next(deliveries) is None)
    offers(broker)("fenced", [1])
    old = next(each for each in deliveries if each is not None)
    rabbit_server.restart()
    wait_until(lambda: next(deliveries) is None)
    found: list[Any] = []

    def has_another() -> bool:
        offers(broker)("fenced", [2])
        found.append(next(deliveries))
        return found[-1] is not None

    wait_until(has_another)
    with channel(rabbit_server) as beside:
        deliveries.ack(old)
        wait_until(lambda: next(deliveries) is None)
        deliveries.close()

        def is_back() -> bool:
            *_, body = beside.basic_get(name, auto_ack=True)
            return found[-1].message_id.encode() in (body or b"")

        wait_until(is_back)


def test_what_is_no_offer_is_dropped_and_does_not_stop_the_others(
    broker: RabbitBroker, rabbit_server: RabbitServer
) -> None:
    name = queue_name("poison")
    with consuming(rabbit_broker(rabbit_server.url), "poison") as taken:
        offers(broker)("poison", [1])
        wait_until(lambda: taken)
        with channel(rabbit_server) as beside:
            beside.basic_publish("", name, b"rubbish")
            beside.basic_publish("", name, Message(name, "nobody", (), {}, {}).encode())
            beside.basic_publish("", name, Message(name, ACTOR, (1, 2, 3), {}, {}).encode())
        offers(broker)("poison", [2])
        wait_until(lambda: len(taken) == 2)
    with channel(rabbit_server) as beside:
        assert beside.queue_declare(name, passive=True).method.message_count == 0


def test_a_delay_is_refused(broker: RabbitBroker) -> None:
    with pytest.raises(ValueError, match="database"):
        broker.enqueue(Message(queue_name("one"), ACTOR, (), {}, {}), delay=5)


def test_a_connection_that_closes_under_pikas_hands_is_made_again(
    broker: RabbitBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closes(*_: Any, **__: Any) -> None:
        raise ValueError("Timeout closed before call")

    broker.declare_queue(queue_name("sample"))
    deliveries = broker.consume(queue_name("sample"), timeout=1)
    with monkeypatch.context() as patch:
        patch.setattr(BlockingChannel, "consume", closes)
        assert next(deliveries) is None
    assert next(deliveries) is None
    deliveries.close()
