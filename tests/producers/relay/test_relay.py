"""Public events reach the broker at least once and in order, whatever happens to whom."""

import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from producers.presence import WAITING_RELAY
from producers.relay.pace import Pace
from producers.relay.relay import Relay
from schema.store.leases import Boot
from schema.store.outbox import LeasePartitions, Sent
from schema.tables import outbox, partition, worker
from tests.producers.relay.stage import Queue, Stage, passing_queue, wait_until
from tests.servers.rabbit import RabbitServer

SHORT = timedelta(seconds=1)


def test_events_go_out_as_lasting_cloudevents_under_a_key_that_can_be_bound(
    stage: Stage, queue: Queue
) -> None:
    stage.accept(3)
    with stage.relaying(queue.url) as relay:
        wait_until(lambda: relay.progress.sent == 3)
    queue.read()
    assert queue.keys == ["cloud_pbx.accepted.acme"] * 3
    assert {each.content_type for each in queue.properties} == {"application/cloudevents+json"}
    assert {each.delivery_mode for each in queue.properties} == {2}
    assert sorted(event["id"] for event in queue.events) == ["op_1/1", "op_2/1", "op_3/1"]
    assert stage.unsent() == 0


def test_a_relay_on_sqlite_sends_the_same(tmp_path: Path, queue: Queue) -> None:
    stage = Stage(f"sqlite:///{tmp_path}/turnup.db")
    stage.tell(stage.accept(50))
    with stage.relaying(queue.url) as relay:
        wait_until(lambda: relay.progress.sent == 100 and stage.unsent() == 0)
    queue.read()
    assert set(map(tuple, queue.first_deliveries().values())) == {(1, 2)}
    stage.close()


def test_I10_first_deliveries_are_in_order_though_one_of_two_relays_is_killed(
    stage: Stage, queue: Queue
) -> None:
    operations, told = stage.accept(100), 1
    address = stage.database.url.render_as_string(hide_password=False)
    victim = subprocess.Popen(
        (sys.executable, "-m", "tests.producers.relay.process", address, queue.url)
    )
    with victim, stage.relaying(queue.url, Pace(source="survivor", lease=SHORT, window=50)):
        sources = queue.by_source()
        while min(sources["victim"], sources["survivor"]) < 100:
            stage.tell(operations)
            told += 1
            queue.read()
            sources = queue.by_source()
        stage.tell(operations)
        assert stage.unsent() > 0
        victim.kill()
        stage.tell(operations)
        wait_until(lambda: stage.unsent() == 0)
    queue.read()
    expected = list(range(1, told + 3))
    assert list(queue.first_deliveries().values()) == [expected] * 100


def test_a_broker_restarted_in_the_middle_loses_nothing_and_is_missed_once(
    stage: Stage, queue: Queue, rabbit_server: RabbitServer
) -> None:
    operations = stage.accept(50)
    pace = Pace(window=10, batch=20, retry=0.05, retry_at_most=0.2)
    with capture_logs() as logs, stage.relaying(queue.url, pace) as relay:
        wait_until(lambda: relay.progress.sent > 5)
        for _ in range(20):
            stage.tell(operations)
        rabbit_server.stop()
        stage.tell(operations)
        wait_until(lambda: not relay.progress.is_connected)
        assert stage.unsent() >= 50
        rabbit_server.start()
        wait_until(lambda: stage.unsent() == 0)
    queue.read()
    assert list(queue.first_deliveries().values()) == [list(range(1, 23))] * 50
    told = [entry["event"] for entry in logs]
    assert (told.count("broker_gone"), told.count("broker_answers_again")) == (1, 1)


def test_a_memory_alarm_holds_events_back_and_costs_no_work(
    stage: Stage, queue: Queue, rabbit_server: RabbitServer
) -> None:
    with stage.relaying(queue.url, Pace(confirm=0.5)) as relay:
        wait_until(lambda: relay.progress.is_connected)
        rabbit_server.ctl("set_vm_memory_high_watermark", "0.000001")
        try:
            stage.accept(300)
            wait_until(lambda: relay.progress.unconfirmed > 0)
            clock = time.pthread_getcpuclockid(ident("relay"))
            began = time.clock_gettime(clock)
            threading.Event().wait(1.5)
            assert time.clock_gettime(clock) - began < 0.3
            assert (stage.unsent(), relay.progress.sent) == (300, 0)
            assert relay.progress.is_connected
        finally:
            rabbit_server.ctl("set_vm_memory_high_watermark", "0.6")
        wait_until(lambda: stage.unsent() == 0)
    queue.read()
    assert len(queue.events) == 300


def test_what_a_full_queue_refuses_is_sent_again_when_it_has_room(
    stage: Stage, rabbit_server: RabbitServer
) -> None:
    # A quorum queue lets more in than its limit before it says so.
    limits: dict[str, str | int]
    limits = {"x-queue-type": "classic", "x-max-length": 5, "x-overflow": "reject-publish"}
    with passing_queue(rabbit_server.url, "full", **limits) as full:
        stage.accept(40)
        with capture_logs() as logs, stage.relaying(full.url, Pace(retry=0.05)) as relay:
            wait_until(lambda: any(entry["event"] == "broker_refuses" for entry in logs))
            assert 40 - relay.progress.sent <= stage.unsent() > 0

            def is_all_sent() -> bool:
                full.read()
                return stage.unsent() == 0

            wait_until(is_all_sent)
        full.read()
        assert len(full.first_deliveries()) == 40
        assert [entry["event"] for entry in logs].count("broker_refuses") < 40


def test_nothing_is_deleted_before_its_confirm(
    stage: Stage, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_back: list[tuple[int, bool]] = []
    confirmed = Relay.confirmed

    def hold_back(_self: Relay, tag: int, *, up_to: bool) -> None:
        held_back.append((tag, up_to))

    monkeypatch.setattr(Relay, "confirmed", hold_back)
    stage.accept(10)
    with stage.relaying(queue.url) as relay:
        wait_until(lambda: held_back)
        queue.read()
        assert (stage.unsent(), relay.progress.unconfirmed) == (10, 10)
        monkeypatch.setattr(Relay, "confirmed", confirmed)
        for tag, up_to in held_back:
            relay.confirmed(tag, up_to=up_to)
        wait_until(lambda: stage.unsent() == 0)


def test_a_broker_that_confirms_nothing_is_left_and_asked_again(
    stage: Stage, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = Relay.confirmed
    monkeypatch.setattr(Relay, "confirmed", lambda *_, **__: None)
    stage.accept(1)
    with capture_logs() as logs, stage.relaying(queue.url, Pace(confirm=0.3)):
        wait_until(lambda: any(entry.get("reason") == "it confirms nothing" for entry in logs))
        monkeypatch.setattr(Relay, "confirmed", confirmed)
        wait_until(lambda: stage.unsent() == 0)
    queue.read()
    assert {event["id"] for event in queue.events} == {"op_1/1"}


def test_a_relay_that_stops_gives_everything_up(stage: Stage, queue: Queue) -> None:
    with stage.relaying(queue.url) as relay:
        stage.accept(200)
        wait_until(lambda: relay.progress.sent > 0)
    with stage.database.look() as connection:
        assert set(connection.execute(select(partition.c.owner)).scalars()) == {None}
        assert connection.execute(select(worker.c.id)).all() == []
    assert relay.progress.unconfirmed == 0


def test_a_relay_sends_only_its_share(stage: Stage, queue: Queue) -> None:
    other = stage.writer.store(Boot("relay", "h", {}, timedelta(minutes=1)))
    assert len(lease(stage, other)) == 16
    operations = stage.accept(32)
    with stage.relaying(queue.url, Pace(lease=SHORT, idle=0.05)) as relay:
        wait_until(lambda: len(lease(stage, other)) == 8)
        wait_until(lambda: stage.unsent() == 16)
        assert relay.progress.sent == 16
    queue.read()
    keys = sorted(event["partitionkey"] for event in queue.events)
    assert len(set(keys)) == len(keys) == len(operations) // 2


def test_events_of_an_unknown_product_wait_for_a_newer_relay(stage: Stage, queue: Queue) -> None:
    stage.accept(5)
    products, stage.products = stage.products, {}
    with stage.relaying(queue.url, Pace(idle=0.05)) as relay:
        wait_until(lambda: relay.progress.looked_at)
        threading.Event().wait(0.3)
        assert (relay.progress.sent, stage.unsent()) == (0, 5)
    stage.products = products
    with stage.relaying(queue.url):
        wait_until(lambda: stage.unsent() == 0)


def test_a_relay_forgets_what_a_newer_one_has_sent(stage: Stage, queue: Queue) -> None:
    stage.accept(5)
    stage.products = {}
    with stage.relaying(queue.url, Pace(idle=0.05, forget=0.2)) as relay:
        wait_until(lambda: relay.progress.left == 5)
        with stage.database.look() as connection:
            ids = tuple(connection.execute(select(outbox.c.id)).scalars())
        stage.writer.store(Sent(ids))
        wait_until(lambda: relay.progress.left == 0)


def test_a_relay_that_is_woken_looks_at_once(stage: Stage, queue: Queue) -> None:
    with stage.relaying(queue.url, Pace(busy=5.0, idle=5.0)) as relay:
        stage.accept(1)
        relay.wake()
        wait_until(lambda: relay.progress.sent == 1)
        stage.tell([1])
        began = time.monotonic()
        relay.wake()
        wait_until(lambda: relay.progress.sent == 2)
        assert time.monotonic() - began < 2


def test_a_relay_waits_for_a_broker_that_is_not_there_yet(
    stage: Stage, queue: Queue, rabbit_server: RabbitServer
) -> None:
    stage.accept(1)
    rabbit_server.stop()
    with capture_logs() as logs, stage.relaying(queue.url, Pace(retry=0.02, retry_at_most=0.1)):
        wait_until(lambda: any(entry["event"] == "broker_gone" for entry in logs))
        rabbit_server.start()
        wait_until(lambda: stage.unsent() == 0)
    assert [entry["event"] for entry in logs].count("broker_gone") == 1


def test_a_relay_without_a_broker_shows_that_it_waits_and_holds_nothing(
    stage: Stage, queue: Queue, rabbit_server: RabbitServer
) -> None:
    stage.accept(1)
    pace = Pace(retry=0.02, retry_at_most=0.1, lease=SHORT)
    with capture_logs() as logs, stage.relaying(queue.url, pace) as relay:
        wait_until(lambda: relay.progress.sent == 1)
        assert roles(stage) == {"relay"}
        rabbit_server.stop()
        wait_until(lambda: roles(stage) == {WAITING_RELAY})
        with stage.database.look() as connection:
            assert set(connection.execute(select(partition.c.owner)).scalars()) == {None}
        shown_until = lease_until(stage)
        wait_until(lambda: lease_until(stage) > shown_until + 1_000)
        rabbit_server.start()
        stage.accept(2)
        wait_until(lambda: roles(stage) == {"relay"} and stage.unsent() == 0)
    assert roles(stage) == set()
    told = [entry["event"] for entry in logs]
    assert (told.count("broker_gone"), told.count("broker_answers_again")) == (1, 1)


def roles(stage: Stage) -> set[str]:
    """The roles of all that show that they live."""
    with stage.database.look() as connection:
        return set(connection.execute(select(worker.c.role)).scalars())


def lease_until(stage: Stage) -> int:
    """Until when the only one shows it."""
    with stage.database.look() as connection:
        return int(connection.execute(select(worker.c.lease_until)).scalar_one())


def lease(stage: Stage, relay: int) -> tuple[int, ...]:
    """Lease the share of another relay."""
    held: tuple[int, ...] = stage.writer.store(LeasePartitions(relay, timedelta(minutes=1)))
    return held


def ident(name: str) -> int:
    """The thread of that name in this process."""
    (found,) = (thread.ident for thread in threading.enumerate() if thread.name == name)
    assert found is not None
    return found
