"""Continuing what was parked: a person has mended the cause (DESIGN idea 7)."""

from datetime import timedelta
from typing import Any

from schema.errors import Refusal
from schema.store.order import Accepted
from schema.store.retries import Retry
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_step
from tests.world.world import World
from workers.workflow import Done, Outcome, Work

#: Whether the cause has been mended.
MENDED: list[bool] = []


async def fail_until_mended(work: Work, platform: Any) -> Outcome:
    """Fail as a bug does, until somebody has mended it; the effect itself is left to the vendor."""
    if not MENDED:
        raise ZeroDivisionError
    await platform.change(work, "connection", {"connected": True})
    return Done()


def parked(make_world: MakeWorld) -> tuple[World, int]:
    """Return a world with a parked operation in it."""
    MENDED.clear()
    world = make_world(with_step(SAMPLE, "open", "connect_line", run=fail_until_mended))
    key = world.submit("open")
    world.poisonous.add(key)
    world.settle()
    assert world.rows.operation(key)["reason"] == "parked"
    return world, key


def test_a_parked_operation_goes_on_with_its_next_cycle_and_resolves_its_ticket(
    make_world: MakeWorld,
) -> None:
    world, key = parked(make_world)
    MENDED.append(True)
    assert isinstance(world.writer.store(Retry(key, "ada")), Accepted)
    world.settle()
    row = world.rows.operation(key)
    assert (row["state"], row["cycle"]) == ("succeeded", 1)
    assert f"op_{key}:connect_line:1@world" in [each.key for each in world.platform.effects()]
    (ticket,) = world.rows.tickets(key)
    assert ticket["state"] == "resolved"
    assert any(each.startswith("Retried by ada at 20") for each in world.rows.comments(key))
    assert [each["who"] for each in world.rows.history(key) if each["what"] == "retried"] == ["ada"]
    world.check()


def test_a_cause_that_was_not_mended_parks_again_with_the_same_ticket(
    make_world: MakeWorld,
) -> None:
    world, key = parked(make_world)
    world.writer.store(Retry(key, "ada"))
    world.settle()
    assert world.rows.operation(key)["reason"] == "parked"
    (ticket,) = world.rows.tickets(key)
    assert ticket["state"] == "open"
    world.check()


def test_I3_what_is_tried_again_later_is_tried_now_when_somebody_asks(world: World) -> None:
    world.platform.fault("sample", "throttle", action="connect", value=3000, count=1)
    key = world.submit("open")
    world.settle(timedelta(minutes=1))
    assert world.rows.operation(key)["state"] == "waiting"
    asked = world.now
    assert isinstance(world.writer.store(Retry(key, "ada")), Accepted)
    world.settle()
    assert world.rows.operation(key)["state"] == "succeeded"
    connects = [call.at for call in world.platform.calls if call.action == "connect"]
    assert len(connects) == 2
    assert connects[-1] == asked
    assert [each["who"] for each in world.rows.history(key) if each["what"] == "hurried"] == ["ada"]
    world.check()


def test_only_what_is_parked_can_be_continued(world: World) -> None:
    key = world.submit("open")
    answer = world.writer.store(Retry(key, "ada"))
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.reason) == (409, "not_parked")
    nobody = world.writer.store(Retry(4711, "ada"))
    assert isinstance(nobody, Refusal)
    assert nobody.status == 404
