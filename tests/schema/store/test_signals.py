"""Signals: stored once, for whoever they are meant, known or not."""

from datetime import timedelta

from schema.store.claims import Claim
from schema.store.signals import MatchSignals
from tests.world.world import World


def waiting(world: World) -> int:
    """Return an operation that waits for a signal."""
    world.platform.fault("sample", "never", action="power")
    operation = world.submit("open")
    world.work()
    return operation


def test_a_signal_names_its_operation_with_anything_after_a_slash(world: World) -> None:
    operation = waiting(world)
    assert world.signal("told", reference=f"op_{operation}/await_line") == operation
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
