"""Signals: stored once, for whoever they are meant, known or not."""

from collections.abc import Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from schema.store.claims import Claim
from schema.store.signals import MatchSignals
from schema.store.writer import Record
from schema.tables import signal
from tests.world.world import World


def waiting(world: World) -> int:
    """Return an operation that waits for a signal."""
    world.platform.fault("sample", "never", action="power")
    operation = world.submit("open")
    world.work()
    return operation


def test_a_signal_names_its_operation_with_anything_after_a_slash(world: World) -> None:
    operation = waiting(world)
    assert world.signal("told", reference=f"op_{operation}/world") == operation
    assert world.rows.operation(operation)["signals"] == 1


def test_a_signal_told_twice_is_stored_and_counted_once(world: World) -> None:
    operation = waiting(world)
    for _ in range(2):
        assert world.signal("told", signal_id="evt-1", reference="op_1") == operation
    assert len(world.rows.all("signal")) == world.rows.operation(operation)["signals"] == 1


def test_two_products_may_use_the_same_id(world: World) -> None:
    waiting(world)
    world.signal("told", signal_id="evt-1", reference="op_1")
    assert world.signal("told", signal_id="evt-1", product="another", reference="op_1") is None
    assert len(world.rows.all("signal")) == 2


def test_a_signal_for_nobody_is_kept(world: World) -> None:
    assert world.signal("told", reference="op_zzz", platform_id="line-unknown") is None
    assert world.signal("told", reference="nonsense") is None
    assert [row["operation_id"] for row in world.rows.all("signal")] == [None, None]


def test_a_signal_by_platform_id_is_for_who_holds_the_service(world: World) -> None:
    world.submit("open")
    world.settle()
    platform_id = world.rows.service()["platform_id"]
    assert world.signal("told", platform_id=platform_id) is None
    operation = world.submit("close")
    assert world.signal("told again", platform_id=platform_id) == operation
    assert world.writer.store(MatchSignals()) == 1
    assert {row["operation_id"] for row in world.rows.all("signal")} >= {operation}


def test_a_signal_by_platform_id_is_for_who_waits_and_not_for_who_was_let_through(
    world: World,
) -> None:
    operation = waiting(world)
    platform_id = world.rows.service()["platform_id"]
    gate = world.platform.hold("rename")
    renaming = world.submit("rename")
    world.until(lambda: gate.reached == 1)
    assert world.rows.service()["holder"] == renaming
    assert world.signal("line_active", platform_id=platform_id) == operation
    world.platform.open("rename")
    world.work()
    states = [world.rows.operation(each)["state"] for each in (operation, renaming)]
    assert states == ["succeeded"] * 2


def test_a_signal_by_platform_id_is_for_who_waits_with_the_service_let_go(world: World) -> None:
    operation = waiting(world)
    assert world.rows.service()["holder"] is None
    platform_id = world.rows.service()["platform_id"]
    assert world.signal("line_active", platform_id=platform_id) == operation
    world.work()
    assert world.rows.operation(operation)["state"] == "succeeded"


def test_a_signal_stored_at_the_moment_of_its_platform_id_is_given_to_who_waits(
    world: World,
) -> None:
    operation = waiting(world)
    assert world.signal("line_active", platform_id="line-unknown") is None
    named = update(signal).values(platform_id=world.rows.service()["platform_id"])
    world.do(lambda transaction: transaction.connection.execute(named))
    world.work()
    assert world.rows.operation(operation)["state"] == "succeeded"


def test_the_waker_writes_nothing_for_signals_that_nobody_is_known_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.submit("open")
    world.settle()
    platform_id = world.rows.service()["platform_id"]
    world.signal("told", platform_id="line-unknown")
    world.signal("told", platform_id=platform_id)
    submit, seen = world.writer.submit, list[Record]()

    def watch(records: Sequence[Record], load: int = 0) -> "Future[list[Any]]":
        seen.extend(records)
        return submit(records, load)

    monkeypatch.setattr(world.writer, "submit", watch)
    world.waker.once()
    assert MatchSignals() not in seen
    operation = world.submit("close")
    world.waker.once()
    assert MatchSignals() in seen
    assert [row["operation_id"] for row in world.rows.all("signal")][-2:] == [None, operation]


def test_a_signal_that_nobody_was_known_for_is_looked_at_for_an_hour_and_kept(
    world: World,
) -> None:
    world.submit("open")
    world.settle()
    world.signal("told", platform_id=world.rows.service()["platform_id"])
    world.move_time(timedelta(hours=1))
    world.submit("close")
    assert world.writer.store(MatchSignals()) == 0
    assert world.rows.all("signal")[-1]["operation_id"] is None


def test_a_signal_for_what_has_ended_changes_nothing(world: World) -> None:
    operation = world.submit("open")
    world.settle()
    before = world.rows.operation(operation)
    world.signal("line_active", reference=f"op_{operation}")
    world.settle(timedelta(hours=1))
    assert world.rows.operation(operation) == before


def test_signals_come_to_the_step_in_the_platforms_order_of_time(world: World) -> None:
    operation = waiting(world)
    now = world.now
    world.signal("second", reference=f"op_{operation}", at=now + timedelta(seconds=2))
    world.signal("first", reference=f"op_{operation}", at=now + timedelta(seconds=1))
    (claimed,) = world.writer.store(Claim(world.workers[0].key, (operation,)))
    assert [each.kind for each in claimed.signals] == ["first", "second"]


def test_a_reference_of_another_installation_names_none_of_our_operations(world: World) -> None:
    operation = world.submit("open")
    assert world.signal("told", reference=f"op_{operation}/elsewhere") is None
    assert world.signal("told", signal_id="evt-2", reference=f"op_{operation}/world") == operation
