"""Calls for one owner go to the platform one at a time: two that overlap make the vendor race (SD-8)."""

from datetime import timedelta
from typing import Any

import pytest

from schema.store.order import Accepted
from tests.products.sip_device.devices import ask, in_workspace, mac
from tests.world.world import World

MARIA: dict[str, Any] = {"users": ["maria.rossi"]}
BOTH: dict[str, Any] = {"users": ["Maria Rossi", "ivo.neri"]}
IVO: dict[str, Any] = {"users": ["ivo.neri"]}


def add(world: World, number: int, **fields: Any) -> int:
    """Ask for one of several devices; return the operation."""
    answer = ask(world, "activate", f"acme/d{number}", **{"mac": mac(number), **fields})
    assert isinstance(answer, Accepted), answer
    return answer.operation


def calls(world: World) -> list[str]:
    """Return for which services the platform was asked to change something, as the calls arrived."""
    return [each.service for each in world.platform.calls if each.key]


def is_put_off(world: World, operation: int) -> bool:
    """Return whether an operation looks again later."""
    row = world.rows.operation(operation)
    later = world.rows.due(operation)["wake_at"]
    return bool(row["state"] == "accepted" and later > row["accepted_at"])


@pytest.mark.parametrize("second", [MARIA, BOTH])
def test_SD_8_two_devices_of_one_user_are_added_one_after_the_other(
    world: World, second: dict[str, Any]
) -> None:
    world.boot()
    gate = world.platform.hold("put_subscriber")
    add(world, 1, **MARIA)
    other = add(world, 2, **second)
    world.until(lambda: gate.reached == 1 and is_put_off(world, other))
    assert calls(world) == []
    world.platform.open("put_subscriber")
    world.settle(timedelta(days=1))
    assert calls(world) == ["acme/d1", "acme/d2"]
    world.check()


def test_SD_8_devices_of_different_users_are_added_side_by_side(world: World) -> None:
    gate = world.platform.hold("put_subscriber")
    add(world, 1, **MARIA)
    add(world, 2, **IVO)
    world.until(lambda: gate.reached == 2)
    world.platform.open("put_subscriber")
    world.settle(timedelta(days=1))
    world.check()


def test_SD_8_whoever_shares_a_device_now_or_then_is_touched(world: World) -> None:
    add(world, 1, **MARIA)
    world.settle(timedelta(days=1))
    gate = world.platform.hold("set_owners")
    assert isinstance(ask(world, "assign", "acme/d1", **IVO), Accepted)
    world.until(lambda: gate.reached == 1)
    late = [add(world, 2, **IVO), add(world, 3, **MARIA)]
    world.until(lambda: all(is_put_off(world, each) for each in late))
    world.platform.open("set_owners")
    world.settle(timedelta(days=1))
    assert calls(world) == ["acme/d1", "acme/d1", "acme/d2", "acme/d3"]
    world.check()


def test_SD_8_devices_of_one_workspace_are_added_one_after_the_other(world: World) -> None:
    gate = world.platform.hold("put_workspace")
    add(world, 1, **in_workspace(1, {}))
    other = add(world, 2, **in_workspace(2))
    world.until(lambda: gate.reached == 1 and is_put_off(world, other))
    world.platform.open("put_workspace")
    world.settle(timedelta(days=1))
    assert calls(world) == ["acme/room", "acme/d1", "acme/d2"]
    world.check()


def test_SD_12_a_block_goes_before_what_is_tried_again_for_the_same_owner(world: World) -> None:
    add(world, 1, **MARIA)
    world.settle(timedelta(days=1))
    world.platform.fault("sip_device", "outage", action="put_subscriber")
    failing = add(world, 2, **BOTH)
    world.work()
    assert {each["operation_id"] for each in world.rows.all("owner_turn")} == {failing}
    answer = ask(world, "block", "acme/d1")
    assert isinstance(answer, Accepted), answer
    world.work()
    assert world.rows.operation(answer.operation)["state"] == "accepted"  # its call may yet act
    world.settle(timedelta(minutes=1))
    assert world.rows.operation(answer.operation)["outcome"] == "on_time"
    world.platform.mend()
    world.settle(timedelta(days=1))
    assert world.rows.operation(failing)["state"] == "succeeded"
    assert world.rows.all("owner_turn") == []
    world.check()
