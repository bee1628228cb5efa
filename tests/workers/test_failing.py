"""What an error of the platform leads to: tries, pauses, undoing, tickets (DESIGN idea 8, CO-5)."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from schema.store.reads import find_operations
from tests.world.fixtures import MakeWorld
from tests.world.worker import LONG
from tests.world.world import World
from workers.retry import LONGEST

MINUTES = timedelta(minutes=1)


def closing_late(world: World) -> tuple[int, list[datetime]]:
    """Close a line while the platform is away; return the operation, and when it was tried."""
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    world.platform.calls.clear()
    operation = world.submit("close")
    world.settle(26 * MINUTES)
    return operation, sorted({call.at for call in world.platform.calls})


def test_one_try_is_exactly_at_the_deadline_and_then_one_every_five_minutes(world: World) -> None:
    operation, tries = closing_late(world)
    deadline = tries[0] + 15 * MINUTES
    assert world.rows.operation(operation)["told"] == 2
    assert deadline in tries
    after = [each for each in tries if each >= deadline]
    assert after == [deadline, deadline + LONGEST, deadline + 2 * LONGEST]
    before = [each for each in tries if each <= deadline]
    pauses = [b - a for a, b in pairwise(before)]
    assert all(pause <= LONGEST for pause in pauses)
    assert len(pauses) >= 8
    world.check()


def test_tries_come_at_the_same_times_in_every_run(make_sqlite_world: MakeWorld) -> None:
    runs = [closing_late(make_sqlite_world())[1] for _ in range(2)]
    assert runs[0] == runs[1]


def test_who_looks_at_an_operation_reads_when_it_is_tried_again(world: World) -> None:
    operation, tries = closing_late(world)
    with world.database.look() as connection:
        read = find_operations(connection, [operation])[operation]
        assert read.next_try_at == tries[-1] + LONGEST
        world.platform.mend()
    world.settle()
    with world.database.look() as connection:
        assert find_operations(connection, [operation])[operation].next_try_at is None


def test_the_history_does_not_grow_with_the_tries(world: World) -> None:
    operation, tries = closing_late(world)
    waits = [line for line in world.rows.story(operation) if line.startswith("waits")]
    assert len(tries) > 10
    assert len(waits) <= 2


def test_CO_5_a_late_finish_resolves_the_ticket_with_a_comment(world: World) -> None:
    operation, _ = closing_late(world)
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["severity"], ticket["desk"]) == (
        "open",
        "normal",
        "sample_desk",
    )
    world.platform.mend()
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == ("succeeded", "late")
    (ticket,) = world.rows.tickets(operation)
    assert ticket["state"] == "resolved"
    assert any(each.startswith("Finished late") for each in world.rows.comments(operation))
    world.check()


def test_CO_5_a_failure_after_the_deadline_makes_the_same_ticket_more_severe(world: World) -> None:
    operation, _ = closing_late(world)
    world.platform.mend()
    world.platform.fault("sample", "refuse", action="permit", count=1)
    world.settle()
    assert world.rows.operation(operation)["state"] == "failed"
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["severity"]) == ("open", "high")
    assert any(each.startswith("Failed for good") for each in world.rows.comments(operation))
    world.check()


def test_a_throttled_call_waits_as_told(world: World) -> None:
    world.platform.fault("sample", "throttle", action="connect", value=90, count=1)
    operation = world.submit("open")
    start = world.now
    world.settle()
    connects = [call.at for call in world.platform.calls if call.action == "connect"]
    assert connects == [start, start + timedelta(seconds=90)]
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_CO_5_a_permanent_refusal_is_undone_in_reverse_with_one_ticket(world: World) -> None:
    world.platform.fault("sample", "refuse", action="power", count=1, value="no power here")
    operation = world.submit("open")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == ("failed", "failed")
    assert "no power here" in row["reason"]
    undone = [line for line in world.rows.story(operation) if "undone" in line]
    assert undone == [f"step_undone {s}" for s in ("start_line", "connect_line", "reserve_place")]
    assert world.platform.shown("acme/one") == {}
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["severity"], ticket["state"]) == ("high", "open")
    assert world.rows.moves() == ["new", "opening", "deleted"]
    world.check()


@pytest.mark.parametrize("status", [401, 403])
def test_CO_5_credentials_that_are_refused_fail_nothing_and_are_ticketed_at_the_deadline(
    world: World, status: int
) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "refuse", value=status)
    operation = world.submit("close")
    world.settle(16 * MINUTES)
    row = world.rows.operation(operation)
    assert (row["state"], row["told"]) == ("waiting", 2)
    assert "refuses our credentials" in row["reason"]
    assert len(world.rows.tickets(operation)) == 1
    world.platform.mend()
    world.settle()
    assert world.rows.operation(operation)["outcome"] == "late"
    assert world.rows.tickets(operation)[0]["state"] == "resolved"
    world.check()


def test_CO_5_a_refusal_by_rules_of_the_platform_makes_no_ticket(world: World) -> None:
    told = {"status": 422, "reason": "rejected"}
    world.platform.fault("sample", "refuse", action="power", count=1, value=told)
    operation = world.submit("open")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "rejected")
    assert world.rows.tickets(operation) == []
    world.check()


def test_CO_1_a_platform_that_has_moved_on_ends_it_without_a_ticket(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "state_changed", action="permit", count=1)
    operation = world.submit("close")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.tickets(operation) == []
    assert world.rows.service()["state"] == "open"
    world.check()


def test_CO_3_a_refusal_after_the_point_of_no_return_needs_a_person(world: World) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "refuse", action="fill", count=1)
    operation = world.submit("close")
    world.poisonous.add(operation)
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"], row["step"]) == ("waiting", "parked", "wipe_line")
    assert len(world.rows.tickets(operation)) == 1
    assert world.rows.service()["state"] == "closing"
    world.check()


def test_a_platform_that_refuses_connections_is_called_again(world: World) -> None:
    world.platform.is_unreachable = True
    operation = world.submit("open")
    world.settle(10 * MINUTES)
    assert world.rows.operation(operation)["state"] == "waiting"
    assert world.platform.calls == []
    world.platform.mend()
    world.settle()
    assert world.rows.operation(operation)["outcome"] == "on_time"
    world.check()


def test_an_answer_slower_than_the_call_limit_is_an_unknown_outcome(world: World) -> None:
    world.platform.fault("sample", "latency", action="connect", value=3600, count=1)
    world.platform.fault("sample", "no_idempotency")
    operation = world.submit("open")
    world.settle()
    assert any("outcome unknown" in str(each["why"]) for each in world.rows.history(operation))
    assert [call.action for call in world.platform.calls].count("connect") == 1
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


@pytest.mark.parametrize(
    ("settle", "connected"), [(timedelta(milliseconds=1), 2), (timedelta(seconds=3), 1)]
)
def test_I3_a_call_that_acts_late_is_asked_for_only_when_it_has_settled(
    world: World, settle: timedelta, connected: int
) -> None:
    world.crash()
    world.boot(terms=replace(LONG, settle=settle))
    world.platform.fault("sample", "late_effect", action="connect", value="2s", count=1)
    world.platform.fault("sample", "no_idempotency")
    operation = world.submit("open")
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert [effect.action for effect in world.platform.effects()].count("connect") == connected


def test_I3_a_call_that_acts_after_the_next_one_acts_once_as_both_have_the_same_key(
    world: World,
) -> None:
    world.platform.fault("sample", "late_effect", action="connect", value="1h", count=1)
    operation = world.submit("open")
    world.settle(timedelta(hours=2))
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert [call.action for call in world.platform.calls].count("connect") == 2
    assert [effect.action for effect in world.platform.effects()].count("connect") == 1


def test_I3_a_cancel_does_not_hurry_a_call_that_may_still_act(world: World) -> None:
    world.crash()
    world.boot(terms=replace(LONG, settle=timedelta(seconds=3)))
    world.platform.fault("sample", "late_effect", action="connect", value="2s", count=1)
    operation = world.submit("open")
    world.work()
    world.cancel(operation)
    world.settle()
    assert world.rows.operation(operation)["state"] == "cancelled"
    done = [effect.action for effect in world.platform.effects()]
    assert done == ["reserve", "connect", "connect", "remove"]
    world.check()


def test_I6_deadlines_missed_while_everything_was_down_are_told_at_the_start(world: World) -> None:
    world.submit("open")
    world.settle()
    late = world.submit("close")
    world.crash()
    world.move_time(timedelta(hours=5))
    world.boot()
    world.settle()
    row = world.rows.operation(late)
    assert (row["state"], row["outcome"], row["told"]) == ("succeeded", "late", 2)
    (ticket,) = world.rows.tickets(late)
    assert ticket["state"] == "resolved"
    world.check()
