"""Calls are marked as a line's by its number and the time at which it had it; the line shows the last one (ML-10)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from schema.store.call_history import Call, KeepCalls
from schema.store.moments import moment
from schema.store.reads import ServiceFilter, find_service, list_services
from schema.views import LastCall
from tests.products.mobile_line.examples import EXAMPLES, NUMBER
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Return a world with mobile lines."""
    return make_world(find_subjects()["mobile_line"])


def call(record: str, at: datetime, number: str = NUMBER, **changed: Any) -> Call:
    """Return an incoming call of a line, but for what is changed."""
    given = {"direction": "incoming", "seconds": 5, "is_answered": True, **changed}
    return Call(record, given.pop("product", "mobile_line"), number, at, **given)


def keep(world: World, *calls: Call) -> list[str]:
    """Read calls in, and return what became of each."""
    answers: list[str] = world.writer.store(KeepCalls(calls))
    return answers


def begun(world: World, reference: str = "one") -> datetime:
    """Activate a line, and return since when it has its number."""
    world.submit("activate", reference, fields=EXAMPLES["activate"])
    world.settle(timedelta(days=1))
    return moment(world.rows.service(reference)["created_at"])


def ended(world: World, reference: str = "one") -> datetime:
    """Delete a line, and return since when it has its number no more."""
    operation = world.submit("delete", reference)
    world.settle(timedelta(days=1))
    return moment(world.rows.operation(operation)["ended_at"])


def last(world: World, reference: str = "one") -> LastCall | None:
    """Return the last call that a line shows."""
    with world.database.look() as connection:
        found = find_service(connection, world.products, f"acme/{reference}")
        assert found in list_services(connection, world.products, ServiceFilter())
    return found.last_call


def test_ML_10_a_call_is_matched_by_number_and_the_time_at_which_the_line_had_it(
    world: World,
) -> None:
    since = begun(world)
    until = ended(world)
    world.settle(timedelta(days=2))
    again = begun(world, "two")
    assert keep(
        world,
        call("before", since - MINUTE),
        call("first", since),
        call("then", until - MINUTE),
        call("between", until),
        call("second", again + MINUTE),
        call("strange", again, "+390612345002"),
    ) == ["unmatched", "marked", "marked", "unmatched", "marked", "unmatched"]
    services = {row["id"]: row["reference"] for row in world.rows.all("service")}
    marked = {row["record"]: services[row["service_id"]] for row in world.rows.all("call")}
    assert marked == {"first": "one", "then": "one", "second": "two"}
    assert last(world) == LastCall(
        at=until - MINUTE, direction="incoming", seconds=5, answered=True
    )
    world.check()


def test_ML_10_a_line_that_never_came_to_be_had_its_number_until_then(world: World) -> None:
    since = world.now
    operation = world.submit("activate", fields=EXAMPLES["activate"])
    world.work()
    world.settle(timedelta(minutes=5))
    world.cancel(operation)
    world.settle(timedelta(days=1))
    until = moment(world.rows.operation(operation)["ended_at"])
    assert keep(world, call("a", since), call("b", until + MINUTE)) == ["marked", "unmatched"]


def test_ML_10_a_line_shows_its_last_call_whatever_the_order_in_which_they_are_read(
    world: World,
) -> None:
    since = begun(world)
    assert last(world) is None
    keep(world, call("b", since + MINUTE, direction="outgoing", seconds=0, is_answered=False))
    keep(world, call("a", since))
    shown = last(world)
    assert shown is not None
    assert (shown.at, shown.direction, shown.answered) == (since + MINUTE, "outgoing", False)


def test_ML_10_the_same_again_changes_nothing(world: World) -> None:
    since = begun(world)
    calls = (call("a", since), call("b", since), call("a", since))
    assert keep(world, *calls) == ["marked", "marked", "known"]
    before = world.rows.all("call")
    assert keep(world, *calls) == ["known", "known", "known"]
    assert world.rows.all("call") == before


def test_ML_10_a_call_of_another_products_kind_is_not_the_lines(world: World) -> None:
    since = begun(world)
    assert keep(world, call("a", since, product="cloud_pbx")) == ["unmatched"]


def test_ML_10_a_batch_that_fails_leaves_nothing_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = begun(world)
    apply: Callable[..., Any] = KeepCalls.apply

    def fail(*given: Any) -> None:
        apply(*given)
        raise RuntimeError("power cut")

    monkeypatch.setattr(KeepCalls, "apply", staticmethod(fail))
    with pytest.raises(Exception, match="power cut"):
        keep(world, call("a", since))
    assert world.rows.all("call") == []
