"""What a platform tells by itself moves the service, with or without an operation (ML-6)."""

from dataclasses import replace
from typing import Any

import pytest

from schema.store.customers import ChangeCustomer
from tests.schema.store.test_taking import pool, record
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.world import World
from workers.simulator.rows import digest

#: The sample whose platform tells of lines by itself, each with the line's own name and a number.
HEARING = replace(
    SAMPLE,
    product=replace(
        SAMPLE.product,
        heard_of="line_id",
        hears={
            "line_active": {"opening": "open"},
            "cut": {"open": "closing"},
            "mended": {"closing": "open"},
            "gone": {"open": "deleted", "closing": "deleted"},
        },
        takes_entitlement=True,
    ),
)


@pytest.fixture
def line(make_world: MakeWorld) -> World:
    """A world in which the service `one` waits for its line."""
    world = make_world(HEARING)
    world.writer.store(ChangeCustomer("acme", record(2, 5)))
    world.submit("open")
    world.work()
    return world


def tell(world: World, kind: str, sequence: int, **facts: Any) -> int | None:
    """Let the platform tell something of the line."""
    name = world.rows.service()["platform_id"]
    given = {"line_id": name, "sequence": sequence, **facts}
    return world.signal(kind, platform_id=name, facts=given)


def state(world: World) -> str:
    """Return the state of the service."""
    return str(world.rows.service()["state"])


def heard(world: World) -> list[str]:
    """Return what was heard and changed nothing, or was at least no move."""
    lines = world.rows.all("history", kind=1, what="heard")
    return [each["why"] for each in lines]


def test_ML_6_a_waiting_operation_is_woken_and_told(line: World) -> None:
    assert line.rows.is_waiting_for_ever(1)
    tell(line, "line_active", 1)
    assert state(line) == "open"
    line.work()
    row = line.rows.operation(1)
    assert (row["state"], row["outcome"]) == ("succeeded", "on_time")
    assert line.rows.moves() == ["new", "opening", "open"]
    line.check()


def test_ML_6_it_is_told_also_while_another_operation_has_the_hold(line: World) -> None:
    gate = line.platform.hold("rename")
    renaming = line.submit("rename")
    line.until(lambda: gate.reached == 1)
    tell(line, "line_active", 1)
    line.platform.open("rename")
    line.work()
    assert [line.rows.operation(each)["state"] for each in (1, renaming)] == ["succeeded"] * 2
    assert state(line) == "open"
    line.check()


def test_ML_6_a_signal_moves_the_service_without_an_operation(line: World) -> None:
    tell(line, "line_active", 1)
    line.work()
    tell(line, "cut", 2)
    tell(line, "mended", 3)
    tell(line, "cut", 4)
    assert line.rows.moves() == ["new", "opening", "open", "closing", "open", "closing"]
    lines = line.rows.all("history", kind=1)
    assert (lines[-1]["who"], lines[-1]["why"], lines[-1]["event"]) == (
        *("platform", "cut"),
        "service_changed",
    )
    line.check()


def test_ML_6_what_is_of_another_profile_or_not_newer_is_kept_and_changes_nothing(
    line: World,
) -> None:
    tell(line, "line_active", 7)
    line.settle()
    tell(line, "cut", 7)
    tell(line, "cut", 6)
    tell(line, "cut", 8, line_id="line-of-another")
    tell(line, "line_active", 9)
    assert state(line) == "open"
    assert heard(line) == [
        "line_active: it is about another line_id",  # the played platform names no line
        "cut: something newer is known",
        "cut: something newer is known",
        "cut: it is about another line_id",
        "line_active",
    ]
    line.check()


def test_ML_6_the_same_signal_twice_is_one(line: World) -> None:
    for _ in range(2):
        tell(line, "line_active", 1)
    line.settle()
    tell(line, "cut", 2)
    tell(line, "mended", 3)
    tell(line, "cut", 2)
    assert state(line) == "open"
    assert line.rows.service()["heard"].endswith(" 3")


def test_ML_6_events_in_deleted_are_history_only(line: World) -> None:
    tell(line, "line_active", 1)
    line.settle()
    line.submit("close")
    line.settle()
    tell(line, "cut", 2)
    assert state(line) == "deleted"
    assert heard(line)[-1] == "cut: the service is deleted"
    line.check()


def test_ML_6_what_came_before_the_platforms_name_was_known_is_applied_with_it(
    make_world: MakeWorld,
) -> None:
    world = make_world(HEARING)
    world.writer.store(ChangeCustomer("acme", record(2, 5)))
    name = f"line-{digest('acme/one', 0)[:8]}"
    told = {"line_id": name, "sequence": 1}
    world.signal("line_active", platform_id=name, facts=told)
    world.submit("open")
    world.work()
    assert world.rows.service()["platform_id"] == name
    assert state(world) == "open"
    assert world.rows.operation(1)["state"] == "succeeded"
    assert [row["service_id"] for row in world.rows.all("signal")] == [1]
    world.check()


def test_ML_6_an_end_moves_the_service_from_where_the_platform_has_brought_it(line: World) -> None:
    tell(line, "line_active", 1)
    line.settle()
    gate = line.platform.hold("remove")
    line.submit("close")
    line.until(lambda: gate.reached == 1)
    tell(line, "mended", 2)
    line.platform.open("remove")
    line.work()
    assert line.rows.moves() == [
        *("new", "opening", "open", "open"),
        *("closing", "open", "deleted"),
    ]
    line.check()


def test_CO_10_a_service_that_the_platform_removes_gives_back_what_it_took(line: World) -> None:
    tell(line, "line_active", 1)
    line.settle()
    assert pool(line) == (5, 1)
    tell(line, "gone", 2)
    tell(line, "gone", 3)
    assert state(line) == "deleted"
    assert pool(line) == (5, 0)


def test_ML_6_what_is_undone_leaves_the_state_that_the_platform_has_told_meanwhile(
    line: World,
) -> None:
    line.platform.fault("sample", "refuse", action="rename", count=1)
    gate = line.platform.hold("rename")
    renaming = line.submit("rename")
    line.until(lambda: gate.reached == 1)
    tell(line, "line_active", 1)
    line.platform.open("rename")
    line.work()
    assert line.rows.operation(renaming)["state"] == "failed"
    assert state(line) == "open"
    assert line.rows.moves() == ["new", "opening", "open"]
