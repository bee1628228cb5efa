"""Poisonous operations: parked with their reason, and neither blocking nor parking innocents (I9)."""

from dataclasses import replace
from datetime import timedelta

from schema.asking import Asked
from schema.ids import public_id
from schema.store.order import Accepted
from schema.store.retries import Retry
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_step
from tests.world.world import World
from workers.carrier import ALONE, DEATHS
from workers.workflow import Done, Outcome, Work

INNOCENTS = ("two", "three", "four", "five", "six")


async def fail(work: Work, platform: object) -> Outcome:
    """Fail as a bug does, for one service."""
    if work.service.reference == "one":
        raise ZeroDivisionError
    return Done()


def start_with_innocents(world: World) -> tuple[int, list[int]]:
    """Submit the poisonous operation among innocent ones, all at once."""
    orders = [world.order("open", "two", event_id="x-two")]
    orders.append(world.order("open", "one", event_id="x-one"))
    orders += [world.order("open", name, event_id=f"x-{name}") for name in INNOCENTS[1:]]
    keys = [answer.operation for answer in world.hand_in(*orders)]  # type: ignore[union-attr]
    poison = keys.pop(1)
    world.poisonous.add(poison)
    return poison, keys


def test_I9_what_ends_its_process_every_time_is_parked_and_innocents_finish(world: World) -> None:
    world.points.deadly.add("call connect acme/one")
    poison, innocents = start_with_innocents(world)
    world.settle()
    row = world.rows.operation(poison)
    assert (row["state"], row["reason"]) == ("waiting", "parked")
    assert world.points.deaths == 1 + DEATHS
    (ticket,) = world.rows.tickets(poison)
    assert (ticket["state"], ticket["severity"]) == ("open", "high")
    assert f"ended its worker {DEATHS} times" in ticket["body"]
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_I9_one_about_which_its_product_fails_keeps_no_other_from_being_claimed(
    make_world: MakeWorld,
) -> None:
    def turns(_: str, asked: Asked) -> tuple[str, ...]:
        return () if asked.reference != "one" else (asked.facts["users"],)

    world = make_world(replace(SAMPLE, product=replace(SAMPLE.product, turns=turns)))
    poison, innocents = start_with_innocents(world)
    world.settle()
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    see_parked_before_it_began(world, poison)


def test_I9_one_whose_product_cannot_say_whether_it_may_begin_is_parked_until_it_can(
    make_world: MakeWorld,
) -> None:
    ill = [True]

    def guard(asked: Asked) -> None:
        if ill and asked.reference == "one":
            raise ZeroDivisionError

    verbs = dict(SAMPLE.product.verbs)
    verbs["rename"] = replace(verbs["rename"], guard=guard)
    world = make_world(replace(SAMPLE, product=replace(SAMPLE.product, verbs=verbs)))
    world.submit("open")
    world.settle()
    ill.clear()
    poison = world.submit("rename", not_before=world.now + timedelta(hours=1))
    ill.append(True)
    world.poisonous.add(poison)
    world.settle(timedelta(hours=2))
    see_parked_before_it_began(world, poison)
    ill.clear()
    assert isinstance(world.writer.store(Retry(poison, "me")), Accepted)
    world.settle()
    assert world.rows.operation(poison)["state"] == "succeeded"
    assert world.rows.tickets(poison)[0]["state"] == "resolved"
    world.check()


def see_parked_before_it_began(world: World, operation: int) -> None:
    """See that an operation needs a person, has one ticket, and did nothing."""
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"], row["step"]) == ("accepted", "parked", None)
    (ticket,) = world.rows.tickets(operation)
    assert "failed to say whether it may begin" in ticket["body"]
    (crashed,) = [each for each in world.logs if each["event"] == "check_crashed"]
    assert crashed["operation"] == public_id("op", operation)
    assert f"op_{operation}" not in {each.operation for each in world.platform.effects()}
    world.check()


def test_I9_two_poisonous_operations_are_parked_one_after_the_other(world: World) -> None:
    world.points.deadly |= {"call connect acme/one", "call connect acme/two"}
    poison, innocents = start_with_innocents(world)
    other, *innocents = innocents
    world.poisonous.add(other)
    world.settle()
    assert [world.rows.operation(each)["reason"] for each in (poison, other)] == ["parked"] * 2
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_I9_innocents_that_stand_behind_a_poisonous_one_are_not_parked(world: World) -> None:
    world.points.deadly.add("call connect acme/one")
    world.platform.hold("connect")  # so that all are in flight whenever their process ends
    orders = [world.order("open", name, event_id=name) for name in ("one", *INNOCENTS)]
    poison, *innocents = (each.operation for each in world.hand_in(*orders))  # type: ignore[union-attr]
    world.poisonous.add(poison)
    for death in range(1, ALONE):
        world.until(lambda: world.points.is_dying)
        world.follow()
        assert len(world.deaths) == death
    assert world.deaths == [len(orders)] * (ALONE - 1)
    world.platform.open("connect")
    world.settle()
    assert world.rows.operation(poison)["reason"] == "parked"
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_I9_from_its_third_try_on_a_poisonous_operation_runs_alone(world: World) -> None:
    world.points.deadly.add("call connect acme/one")
    _, innocents = start_with_innocents(world)
    world.settle()
    assert world.deaths[0] == 1 + len(innocents)
    assert world.deaths[ALONE - 1 :] == [1] * (1 + DEATHS - ALONE + 1)
    for each in innocents:
        begun = [line for line in world.rows.story(each) if line.startswith("step_done")]
        assert len(begun) == len(SAMPLE.home.workflows["open"].steps)
        # Claimed twice beside it, twice as a suspect, and once more for each that it has given way to.
        assert world.rows.operation(each)["epoch"] <= 7 + len(innocents)
    world.check()


def test_I9_a_bug_is_tried_once_more_and_then_parked(make_world: MakeWorld) -> None:
    world = make_world(with_step(SAMPLE, "open", "connect_line", run=fail))
    poison, innocents = start_with_innocents(world)
    world.settle()
    row = world.rows.operation(poison)
    assert (row["state"], row["reason"]) == ("waiting", "parked")
    assert row["step"] == "connect_line"
    (ticket,) = world.rows.tickets(poison)
    assert "ZeroDivisionError" in ticket["body"]
    assert [each["event"] for each in world.logs].count("step_crashed") == 2
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_a_parked_operation_is_not_woken_by_a_signal_and_keeps_its_one_ticket(
    make_world: MakeWorld,
) -> None:
    world = make_world(with_step(SAMPLE, "open", "connect_line", run=fail))
    poison, _ = start_with_innocents(world)
    world.settle()
    number = world.rows.operation(poison)["epoch"]
    world.signal("line_active", reference=f"op_{poison}")
    world.settle()
    assert world.rows.operation(poison)["epoch"] == number
    assert world.rows.is_waiting_for_ever(poison)
    assert len(world.rows.tickets(poison)) == 1
    world.check()


def test_CO_9_a_parked_operation_that_misses_its_deadline_keeps_one_ticket(
    make_world: MakeWorld,
) -> None:
    world = make_world(with_step(SAMPLE, "close", "refuse_calls", run=fail))
    world.submit("open")
    world.settle()
    poison = world.submit("close")
    world.poisonous.add(poison)
    world.settle()
    assert world.rows.operation(poison)["told"] == 2
    (ticket,) = world.rows.tickets(poison)
    assert ticket["state"] == "open"
    assert any("was missed" in each for each in world.rows.comments(poison))
    world.check()


def test_CO_3_what_is_parked_can_be_cancelled_before_its_point_of_no_return(
    make_world: MakeWorld,
) -> None:
    world = make_world(with_step(SAMPLE, "open", "connect_line", run=fail))
    poison, _ = start_with_innocents(world)
    world.settle(timedelta(minutes=5))
    assert world.rows.story(poison)[-1] == "parked connect_line"
    world.cancel(poison)
    world.settle()
    assert world.rows.operation(poison)["state"] == "cancelled"
    assert world.platform.shown("acme/one") == {}
    (ticket,) = world.rows.tickets(poison)
    assert ticket["state"] == "resolved"
    world.check()
