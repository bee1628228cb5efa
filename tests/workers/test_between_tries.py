"""What waits beside one that retries is heard between its tries: an outage keeps no word from anybody (I5, BU-4)."""

from dataclasses import replace
from datetime import timedelta

from schema.store.moments import moment, stored
from schema.store.order import Accepted
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_step
from tests.world.world import World
from workers.workflow import Outcome, Work

A_MINUTE = timedelta(minutes=1)


def opened_and_renamed(world: World) -> tuple[int, int]:
    """Open a line that nobody says is active, and rename it in an outage; return both operations."""
    world.platform.fault("sample", "never", action="power")
    world.platform.fault("sample", "outage", action="rename")
    opening = world.submit("open")
    world.work()
    renaming = world.submit("rename")
    world.work()
    assert world.rows.service()["holder"] == renaming
    return opening, renaming


def is_told(world: World, operation: int) -> None:
    """Let the platform tell that the line is active."""
    world.signal("line_active", reference=f"op_{operation}")
    world.work()


def see_both_end(world: World, opening: int, renaming: int) -> None:
    """See that the line is opened while its name is still tried, and renamed after the outage."""
    assert world.rows.operation(opening)["state"] == "succeeded"
    assert world.rows.operation(renaming)["state"] == "waiting"
    world.check()
    world.platform.mend()
    world.settle(timedelta(minutes=5))
    assert world.rows.operation(renaming)["state"] == "succeeded"
    assert world.rows.service()["holder"] is None
    world.check()


def test_I5_what_is_told_something_goes_between_the_tries_of_what_it_lets_through(
    world: World,
) -> None:
    opening, renaming = opened_and_renamed(world)
    world.settle(A_MINUTE)
    is_told(world, opening)
    see_both_end(world, opening, renaming)


def test_I5_what_is_told_something_during_a_try_goes_soon_after_it(world: World) -> None:
    world.platform.fault("sample", "never", action="power")
    opening = world.submit("open")
    world.work()
    gate = world.platform.hold("rename", most=1)
    renaming = world.submit("rename")
    world.until(lambda: gate.reached == 1)
    world.platform.fault("sample", "outage", action="rename")
    world.signal("line_active", reference=f"op_{opening}")
    world.until(lambda: bool(world.rows.operation(opening)["in_line"]))
    assert world.rows.operation(renaming)["owner"] is not None
    world.check()
    world.platform.open("rename")
    world.settle(timedelta(seconds=5))
    see_both_end(world, opening, renaming)


def test_I5_a_call_that_may_still_act_is_not_overtaken(world: World) -> None:
    opening, renaming = opened_and_renamed(world)
    settles_at = world.rows.due(renaming)["settles_at"]
    assert settles_at > stored(world.now)
    is_told(world, opening)
    assert world.rows.operation(opening)["state"] == "waiting"
    world.settle(A_MINUTE)
    assert world.rows.operation(opening)["ended_at"] >= settles_at
    see_both_end(world, opening, renaming)


def test_I5_what_is_cancelled_waits_for_what_goes_on_beside_it(world: World) -> None:
    opening, renaming = opened_and_renamed(world)
    assert isinstance(world.cancel(opening), Accepted)
    world.settle(A_MINUTE)
    assert world.rows.operation(opening)["undoing"] is None
    assert world.rows.service()["holder"] == renaming
    world.platform.mend()
    world.settle(timedelta(minutes=5))
    states = [world.rows.operation(key)["state"] for key in (opening, renaming)]
    assert states == ["cancelled", "succeeded"]
    world.check()


def test_I5_what_is_parked_keeps_nothing_from_being_heard(make_world: MakeWorld) -> None:
    async def crash(work: Work, platform: object) -> Outcome:
        raise RuntimeError("there is a bug")

    world = make_world(with_step(SAMPLE, "rename", "rename_line", run=crash))
    opening, renaming = opened_and_renamed(world)
    world.poisonous.add(renaming)
    world.settle(A_MINUTE)
    assert world.rows.operation(renaming)["reason"] == "parked"
    is_told(world, opening)
    assert world.rows.operation(opening)["state"] == "succeeded"
    world.check()


def test_SD_8_who_makes_way_for_another_gives_him_his_turn_too(make_world: MakeWorld) -> None:
    product = replace(SAMPLE.product, turns=lambda *_: ("desk",))
    world = make_world(replace(SAMPLE, product=product))
    opening, renaming = opened_and_renamed(world)
    assert [each["operation_id"] for each in world.rows.all("owner_turn")] == [renaming]
    world.settle(A_MINUTE)
    is_told(world, opening)
    see_both_end(world, opening, renaming)
    assert world.rows.all("owner_turn") == []


def test_I5_one_that_is_due_himself_goes_first(world: World) -> None:
    opening, renaming = opened_and_renamed(world)
    world.signal("line_active", reference=f"op_{opening}")
    world.move_time(moment(world.rows.due(renaming)["wake_at"]))
    world.work()
    states = [world.rows.operation(key) for key in (opening, renaming)]
    assert [(row["attempt"], row["state"]) for row in states] == [(0, "waiting"), (2, "waiting")]
    world.settle(A_MINUTE)
    see_both_end(world, opening, renaming)
