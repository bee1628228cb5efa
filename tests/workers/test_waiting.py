"""Waiting, and what ends it: signals at every moment, times, other verbs, and a service's line."""

from datetime import timedelta

from schema.calendar import days
from schema.errors import Refusal
from schema.store.order import Accepted
from tests.world.fixtures import MakeWorld
from tests.world.platform import Platform
from tests.world.sample import SAMPLE
from tests.world.variants import with_limit, with_step
from tests.world.world import START, World
from workers.simulator.rows import digest
from workers.workflow import Done, Outcome, Wait, Work

#: What the platform will call the line of the service `one`.
LINE = f"line-{digest('acme/one', 0)[:8]}"


def never_active(world: World) -> None:
    """Let the platform forget to make lines active."""
    world.platform.fault("sample", "never", action="power")


def actions(platform: Platform) -> list[str]:
    """Return what happened, by name."""
    return [effect.action for effect in platform.effects()]


def test_a_signal_that_comes_while_its_operation_is_worked_on_is_not_missed(world: World) -> None:
    never_active(world)
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    assert world.signal("line_active", reference=f"op_{operation}") == operation
    world.platform.open("connect")
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_a_callback_before_the_reply_finds_its_operation(world: World) -> None:
    never_active(world)
    gate = world.platform.hold("reserve")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    assert world.signal("line_active", platform_id=LINE) is None
    world.platform.open("reserve")
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_a_signal_by_platform_id_wakes_who_holds_the_service(world: World) -> None:
    never_active(world)
    operation = world.submit("open")
    world.settle()
    assert world.rows.is_waiting_for_ever(operation)
    world.signal("line_active", reference=f"op_{operation}", platform_id=LINE)
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_a_callback_told_twice_late_and_out_of_order_changes_nothing(world: World) -> None:
    world.platform.fault("sample", "duplicate_callback", value="10m")
    world.platform.fault("sample", "late_callback", value="5m")
    operation = world.submit("open")
    world.settle()
    story = world.rows.story(operation)
    assert story.count("step_done await_line") == 1
    assert world.rows.operation(operation)["signals"] == 1
    world.check()


def test_a_90_day_wait_does_not_grow_the_history(make_world: MakeWorld) -> None:
    async def look_daily(work: Work, platform: object) -> Outcome:
        if work.now >= START + timedelta(days=89):
            return Done()
        return Wait(work.now + timedelta(days=1), "not yet")

    subject = with_limit(with_step(SAMPLE, "open", "await_line", run=look_daily), "open", days(90))
    world = make_world(subject)
    never_active(world)
    operation = world.submit("open")
    world.settle(timedelta(days=2))
    lines = world.rows.operation(operation)["number"]
    world.settle(timedelta(days=60))
    assert world.rows.operation(operation)["epoch"] > 60
    assert world.rows.operation(operation)["number"] == lines
    world.settle()
    assert world.rows.operation(operation)["outcome"] == "on_time"
    world.check()


def test_CO_13_not_before_starts_later_and_holds_nothing_until_then(world: World) -> None:
    world.submit("open")
    world.settle()
    tonight = START + timedelta(hours=12)
    operation = world.submit("close", not_before=tonight)
    renaming = world.submit("rename")
    world.settle(timedelta(hours=11))
    assert world.rows.operation(renaming)["state"] == "succeeded"
    assert world.rows.operation(operation)["state"] == "accepted"
    world.settle()
    row = world.rows.operation(operation)
    assert row["state"] == "succeeded"
    assert row["deadline_at"] == (tonight + timedelta(minutes=15)).timestamp() * 1000
    assert world.now >= tonight
    world.check()


def test_CO_13_the_guards_are_checked_again_at_the_start(world: World) -> None:
    world.submit("open")
    world.settle()
    later = world.submit("close", not_before=START + timedelta(hours=12))
    renamed = world.submit("rename", not_before=START + timedelta(hours=13))
    world.submit("close")
    world.settle()
    assert world.rows.operation(later)["outcome"] == "already"
    row = world.rows.operation(renamed)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.tickets(renamed) == []
    assert actions(world.platform).count("remove") == 1
    world.check()


def test_I5_a_verb_let_through_waits_until_the_other_one_waits(world: World) -> None:
    gate = world.platform.hold("connect")
    opening = world.submit("open")
    world.until(lambda: gate.reached == 1)
    answer = world.ask("rename")
    assert isinstance(answer, Accepted)
    assert not answer.is_due
    assert world.rows.operation(answer.operation)["in_line"]
    world.platform.open("connect")
    world.work()
    assert actions(world.platform) == ["reserve", "connect", "power", "rename"]
    assert world.rows.operation(answer.operation)["state"] == "succeeded"
    assert world.rows.operation(opening)["state"] == "waiting"
    world.settle()
    assert world.rows.moves() == ["new", "opening", "open"]
    world.check()


def test_I5_a_line_is_served_in_the_order_of_arrival(world: World) -> None:
    gate = world.platform.hold("connect")
    world.submit("open")
    world.until(lambda: gate.reached == 1)
    renames = [world.submit("rename", fields={"name": name}) for name in ("a", "b", "c")]
    world.queue = [("sample", tuple(reversed(renames)))]
    world.deliver()
    world.platform.open("connect")
    world.settle()
    renamed = [each for each in world.platform.effects() if each.action == "rename"]
    assert [each.operation for each in renamed] == [f"op_{key}" for key in renames]
    world.check()


def test_I5_nobody_in_the_line_is_forgotten(world: World) -> None:
    opening = world.submit("open")
    world.work()
    gate = world.platform.hold("rename")
    first = world.submit("rename", fields={"name": "first"})
    world.until(lambda: gate.reached == 1)
    second = world.submit("rename", fields={"name": "second"})
    world.move_time(timedelta(minutes=3))
    world.hear()
    world.until(lambda: bool(world.rows.operation(opening)["in_line"]))
    world.platform.open("rename")
    world.settle()
    states = [world.rows.operation(each)["state"] for each in (opening, first, second)]
    assert states == ["succeeded"] * 3
    assert next(iter(world.platform.shown("acme/one").values()))["name"] == "second"
    world.check()


def test_CO_8_a_verb_that_is_not_let_through_is_refused_as_busy(world: World) -> None:
    operation = world.submit("open")
    world.work()
    answer = world.ask("close")
    assert isinstance(answer, Refusal)
    assert answer.reason == "busy"
    assert answer.facts["operation"] == f"op_{operation}"
    assert "deadline" in answer.facts


def test_jeopardy_is_told_once_at_four_fifths_of_the_time(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    operation = world.submit("close")
    start = world.now
    world.settle(timedelta(minutes=12) - timedelta(milliseconds=1))
    assert "jeopardy" not in world.rows.story(operation)
    world.settle(timedelta(milliseconds=1))
    (line,) = [each for each in world.rows.history(operation) if each["what"] == "jeopardy"]
    assert line["at"] == (start + timedelta(minutes=12)).timestamp() * 1000
    assert line["event"] == "jeopardy"
    world.settle(timedelta(minutes=10))
    assert world.rows.story(operation).count("jeopardy") == 1
    world.check()
