"""Cancelling at every moment: before the point of no return all is undone, after it nothing (CO-3)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import Cell
from schema.store.order import Accepted
from schema.store.reads import find_operation, find_ticket
from schema.tables import OVERDUE
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_workflow, without_step
from tests.world.world import START, World


def effects(world: World) -> list[str]:
    """Return what happened on the platform, by name."""
    return [effect.action for effect in world.platform.effects()]


def open_line(world: World) -> None:
    """Bring the service `one` to `open`."""
    world.submit("open")
    world.settle()


def see_cancelled(world: World, operation: int) -> None:
    """See that an operation has ended so, without a ticket."""
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == ("cancelled", "cancelled")
    assert world.rows.tickets(operation) == []
    world.check()


def test_CO_3_what_has_not_begun_is_cancelled_at_once(world: World) -> None:
    operation = world.submit("open")
    assert world.cancel(operation) == Accepted(operation, "sample")
    see_cancelled(world, operation)
    world.settle()
    assert effects(world) == []
    assert world.rows.service()["state"] == "deleted"


def test_CO_3_what_waits_for_a_signal_is_undone_in_reverse(world: World) -> None:
    operation = world.submit("open")
    world.work()
    assert isinstance(world.cancel(operation), Accepted)
    world.settle()
    see_cancelled(world, operation)
    assert effects(world) == ["reserve", "connect", "power", "power", "connect", "remove"]
    assert world.platform.shown("acme/one") == {}
    assert world.rows.moves() == ["new", "opening", "deleted"]


def test_CO_3_a_cancel_under_way_can_be_seen(world: World) -> None:
    operation = world.submit("open")
    world.work()
    world.cancel(operation)
    with world.database.look() as connection:
        found = find_operation(connection, public_id("op", operation))
    assert (found.state, found.reason) == ("waiting", "cancelling")
    world.settle()
    with world.database.look() as connection:
        found = find_operation(connection, public_id("op", operation))
    assert (found.state, found.reason) == ("cancelled", None)


def test_CO_3_what_is_running_is_undone_when_its_step_has_ended(world: World) -> None:
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    assert world.cancel(operation) == Accepted(operation, "sample")
    assert world.rows.operation(operation)["state"] == "running"
    world.platform.open("connect")
    world.settle()
    see_cancelled(world, operation)
    assert effects(world) == ["reserve", "connect", "connect", "remove"]


def test_CO_3_a_step_whose_outcome_is_unknown_is_undone_too(world: World) -> None:
    world.platform.fault("sample", "lost_reply", action="connect", count=1)
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    world.cancel(operation)
    world.platform.open("connect")
    world.settle()
    see_cancelled(world, operation)
    assert effects(world) == ["reserve", "connect", "connect", "remove"]


def see_refused(world: World, operation: int, reason: str, said: str) -> None:
    """See that a cancel is refused, and leaves nothing behind."""
    before = world.rows.operation(operation)
    answer = world.cancel(operation)
    assert isinstance(answer, Refusal)
    assert (answer.status, answer.reason) == (409, reason)
    assert said in answer.detail
    assert world.rows.operation(operation) == before


def test_CO_3_a_cancel_after_the_point_of_no_return_is_refused_though_the_table_says_yes(
    world: World,
) -> None:
    open_line(world)
    gate = world.platform.hold("fill")
    operation = world.submit("close")
    world.until(lambda: gate.reached == 1)
    assert world.products["sample"].cancel["closing"] is Cell.YES
    see_refused(world, operation, "state_not_allowed", "past its point of no return")
    world.crash()
    world.boot()
    world.waker.once()
    see_refused(world, operation, "state_not_allowed", "past its point of no return")
    world.platform.open("fill")
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert effects(world)[-3:] == ["permit", "fill", "remove"]
    assert world.rows.service()["state"] == "deleted"
    world.check()


def test_CO_3_before_the_point_of_no_return_the_service_goes_back(world: World) -> None:
    open_line(world)
    gate = world.platform.hold("permit")
    operation = world.submit("close")
    world.until(lambda: gate.reached == 1)
    world.cancel(operation)
    world.platform.open("permit")
    world.settle()
    see_cancelled(world, operation)
    assert effects(world)[-2:] == ["permit", "permit"]
    assert world.rows.service()["state"] == "open"


def test_CO_3_a_cancel_during_the_last_step_undoes_that_too(make_world: MakeWorld) -> None:
    world = make_world(without_step(SAMPLE, "open", "await_line"))
    gate = world.platform.hold("power")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    assert world.cancel(operation) == Accepted(operation, "sample")
    world.platform.open("power")
    world.settle()
    see_cancelled(world, operation)
    assert effects(world) == ["reserve", "connect", "power", "power", "connect", "remove"]
    assert world.rows.service()["state"] == "deleted"


def test_CO_3_a_cancel_during_the_last_step_of_what_is_late_undoes_it_with_its_ticket(
    make_world: MakeWorld,
) -> None:
    world = make_world(without_step(SAMPLE, "open", "await_line"))
    gate = world.platform.hold("power")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    world.cancel(operation)
    world.move_time(timedelta(days=5))
    world.platform.open("power")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["told"]) == ("cancelled", OVERDUE)
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], "turnup cancel" in ticket["body"]) == ("resolved", False)
    world.check()


def test_CO_3_a_ticket_that_advised_to_cancel_says_that_somebody_has(world: World) -> None:
    world.platform.fault("sample", "outage")
    operation = world.submit("open")
    world.work()
    world.move_time(timedelta(days=5))
    world.work()
    world.cancel(operation)
    with world.database.look() as connection:
        found = find_operation(connection, public_id("op", operation))
        ticket = find_ticket(connection, found.ticket or "")
    assert (found.state, ticket.state) == ("waiting", "open")
    assert f"turnup cancel {found.id}" in ticket.body
    assert "what was done is being undone" in ticket.comments[-1].body
    world.platform.mend()
    world.settle()
    assert [each["state"] for each in world.rows.tickets(operation)] == ["resolved"]
    world.check()


def test_CO_3_a_cancel_is_kept_though_the_worker_dies_as_the_final_step_begins(
    world: World,
) -> None:
    open_line(world)
    gate = world.platform.hold("permit")
    operation = world.submit("close")
    world.until(lambda: gate.reached == 1)
    assert isinstance(world.cancel(operation), Accepted)
    world.points.deadly.add("written Recorded")
    world.platform.open("permit")
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.follow()
    assert world.rows.operation(operation)["step"] == "wipe_line"
    world.settle()
    see_cancelled(world, operation)
    assert effects(world)[-2:] == ["permit", "permit"]
    assert world.rows.service()["state"] == "open"


def test_CO_3_a_cancel_is_kept_though_the_worker_dies_as_a_first_and_final_step_begins(
    make_world: MakeWorld,
) -> None:
    final = with_workflow(SAMPLE, "close", lambda found: replace(found, no_return="refuse_calls"))
    world = make_world(final)
    open_line(world)
    operation = world.submit("close")
    world.move_time(timedelta(minutes=16))
    before = len(effects(world))
    assert isinstance(world.cancel(operation), Accepted)
    world.points.deadly.add("written Claim")
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.follow()
    assert world.rows.operation(operation)["state"] == "running"
    world.settle()
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert effects(world)[before:] == []
    assert world.rows.service()["state"] == "open"
    world.check()


def test_CO_3_a_first_step_that_cannot_be_undone_refuses_a_cancel_from_its_beginning(
    make_world: MakeWorld,
) -> None:
    final = with_workflow(SAMPLE, "close", lambda found: replace(found, no_return="refuse_calls"))
    world = make_world(final)
    open_line(world)
    gate = world.platform.hold("permit")
    operation = world.submit("close")
    world.until(lambda: gate.reached == 1)
    see_refused(world, operation, "state_not_allowed", "past its point of no return")
    world.platform.open("permit")
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_CO_3_what_has_failed_and_is_being_undone_cannot_be_cancelled(world: World) -> None:
    world.platform.fault("sample", "refuse", action="power", count=1)
    operation = world.submit("open")
    gate = world.platform.hold("remove")
    world.until(lambda: gate.reached == 1)
    see_refused(world, operation, "nothing_to_cancel", "undone already")
    world.platform.open("remove")
    world.settle()
    assert world.rows.operation(operation)["state"] == "failed"


@pytest.mark.parametrize("has_begun", [True, False])
def test_I2_the_same_cancel_after_the_end_is_known(world: World, *, has_begun: bool) -> None:
    operation = world.submit("open")
    if has_begun:
        world.work()
    world.cancel(operation)
    world.settle()
    assert world.cancel(operation) == Accepted(operation, "sample", is_repeat=True)
    see_cancelled(world, operation)


def test_I2_a_cancel_told_twice_is_known(world: World) -> None:
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    world.cancel(operation)
    assert world.cancel(operation) == Accepted(operation, "sample", is_repeat=True)
    world.platform.open("connect")
    world.settle()
    assert world.rows.story(operation).count("cancel_asked") == 1
    see_cancelled(world, operation)


def test_what_has_ended_cannot_be_cancelled(world: World) -> None:
    open_line(world)
    answer = world.cancel(1)
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.status) == ("nothing_to_cancel", 409)


def test_a_worker_that_dies_while_undoing_is_followed_by_one_that_goes_on(world: World) -> None:
    world.platform.fault("sample", "no_idempotency")
    for number in range(1, 17):
        operation = world.submit("open", f"line{number}")
        world.work()
        world.cancel(operation)
        world.points.dies_at = len(world.points.reached) + number
        world.settle()
        assert not world.points.is_spared
        see_cancelled(world, operation)
        assert world.platform.shown(f"acme/line{number}") == {}


def test_CO_13_what_is_to_begin_later_can_be_cancelled_meanwhile(world: World) -> None:
    open_line(world)
    operation = world.submit("close", not_before=START.replace(hour=22))
    assert isinstance(world.cancel(operation), Accepted)
    world.settle()
    see_cancelled(world, operation)
    assert world.rows.service()["state"] == "open"
