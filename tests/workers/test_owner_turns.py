"""Operations that touch the same owner act one at a time, on whatever service and worker (SD-8)."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from schema.asking import Asked
from schema.ids import public_id
from schema.store import owner_turns
from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.moments import stored
from schema.store.order import Accepted
from schema.store.retries import Retry
from schema.store.writer import Writer
from tests.products.sample.platform import LinePlatform
from tests.products.sample.workflow import connect_line
from tests.schema.store.test_costs import statements
from tests.world.databases import is_postgresql
from tests.world.fixtures import MakeWorld
from tests.world.points import PATIENCE
from tests.world.sample import SAMPLE
from tests.world.variants import with_step
from tests.world.world import World
from workers.workflow import Outcome, Work

OPENED = ["reserve", "connect", "power"]


def owners(verb: str, asked: Asked) -> tuple[str, ...]:
    """Return for whom a line is opened: its number is the owner's; a rename touches nobody."""
    return () if verb == "rename" else tuple(str(asked.fields.get("number", "desk")).split(","))


TAKING_TURNS = replace(SAMPLE, product=replace(SAMPLE.product, turns=owners))


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """A world in which lines of the same number are opened one at a time."""
    return make_world(TAKING_TURNS)


def open_line(world: World, reference: str, number: str = "desk") -> int:
    """Ask for a line of an owner."""
    return world.submit("open", reference, fields={"name": "line", "number": number})


def order_of(world: World) -> list[str]:
    """Return whose effects came in which order, each with how many came in a row."""
    done: list[str] = []
    for each in world.platform.effects():
        if not done or done[-1] != each.operation:
            done.append(each.operation)
    return done


def is_put_off(world: World, operation: int) -> bool:
    """Return whether an operation looks again later, and has not begun."""
    is_later = world.rows.due(operation)["wake_at"] > stored(world.now)
    return bool(is_later and world.rows.operation(operation)["state"] == "accepted")


def test_SD_8_services_of_one_owner_are_changed_one_at_a_time_in_order(world: World) -> None:
    world.boot()
    gate = world.platform.hold("connect", most=1)
    first, second, third = (open_line(world, name) for name in ("one", "two", "three"))
    put_off = (second, third)
    world.until(lambda: gate.reached == 1 and all(is_put_off(world, key) for key in put_off))
    assert {each.operation for each in world.platform.effects()} == {f"op_{first}"}
    reasons = [world.rows.operation(key)["reason"] for key in (first, second, third)]
    assert reasons == [None, owner_turns.OTHERS_FIRST, owner_turns.OTHERS_FIRST]
    world.platform.open("connect")
    world.settle()
    assert [world.rows.operation(key)["reason"] for key in (first, second, third)] == [None] * 3
    assert order_of(world) == [f"op_{key}" for key in (first, second, third)]
    assert [each.action for each in world.platform.effects()] == OPENED * 3
    assert world.rows.all("owner_turn") == []
    world.check()


def test_SD_8_another_owner_is_not_held_up(world: World) -> None:
    gate = world.platform.hold("connect", most=1)
    open_line(world, "one", "desk")
    world.until(lambda: gate.reached == 1)
    other = open_line(world, "two", "hall")
    world.until(lambda: world.rows.operation(other)["state"] == "waiting")
    world.platform.open("connect")
    world.settle()
    world.check()


def test_SD_8_who_touches_two_owners_waits_for_both_and_keeps_neither_from_others(
    world: World,
) -> None:
    gate = world.platform.hold("connect", most=1)
    open_line(world, "one", "desk")
    world.until(lambda: gate.reached == 1)
    both = open_line(world, "two", "hall,desk")
    world.until(lambda: is_put_off(world, both))
    hall = open_line(world, "three", "hall")
    world.until(lambda: world.rows.operation(hall)["state"] == "waiting")
    world.platform.open("connect")
    world.settle()
    assert world.rows.operation(both)["state"] == "succeeded"
    world.check()


def test_SD_8_a_wait_that_lets_others_through_gives_the_turn_back(world: World) -> None:
    first, second = open_line(world, "one"), open_line(world, "two")
    world.work()
    assert world.rows.operation(first)["state"] == "waiting"
    world.settle(timedelta(seconds=2))
    assert [world.rows.operation(key)["step"] for key in (first, second)] == ["await_line"] * 2


def test_SD_8_a_wait_that_lets_nobody_through_keeps_the_turn(world: World) -> None:
    world.platform.fault("sample", "outage", action="connect", count=1)
    first = open_line(world, "one")
    world.work()
    assert world.rows.operation(first)["step"] == "connect_line"
    second = open_line(world, "two")
    world.work()
    assert is_put_off(world, second)
    world.settle()
    assert order_of(world) == [f"op_{first}", f"op_{second}"]


def test_SD_8_a_turn_stays_with_what_is_taken_over_from_a_dead_worker(world: World) -> None:
    gate = world.platform.hold("connect", most=1)
    first = open_line(world, "one")
    world.until(lambda: gate.reached == 1)
    world.crash()
    assert [each["operation_id"] for each in world.rows.all("owner_turn")] == [first]
    world.boot()
    second = open_line(world, "two")
    world.settle()
    assert order_of(world) == [f"op_{first}", f"op_{second}"]
    assert world.rows.all("owner_turn") == []
    world.check()


def test_SD_8_what_needs_a_person_keeps_nobody_waiting(make_world: MakeWorld) -> None:
    world = make_world(with_step(TAKING_TURNS, "open", "connect_line", run=connect_but_one))
    first, second = open_line(world, "one"), open_line(world, "two")
    world.poisonous.add(first)
    world.settle(timedelta(minutes=1))
    assert world.rows.operation(first)["reason"] == "parked"
    assert world.rows.operation(second)["step"] == "await_line"
    world.check()


def test_SD_8_what_fails_and_what_is_cancelled_gives_its_turn_back(world: World) -> None:
    world.platform.fault("sample", "refuse", action="connect", count=1)
    failed = open_line(world, "one")
    world.work()
    assert world.rows.operation(failed)["state"] == "failed"
    world.platform.fault("sample", "outage", action="connect", count=1)
    cancelled = open_line(world, "two")
    world.work()
    world.cancel(cancelled)
    last = open_line(world, "three")
    world.settle()
    states = [world.rows.operation(key)["state"] for key in (cancelled, last)]
    assert states == ["cancelled", "succeeded"]
    assert world.rows.all("owner_turn") == []
    world.check()


def test_I9_one_of_whom_nobody_can_say_later_for_whom_it_acts_is_parked_alone(
    make_world: MakeWorld,
) -> None:
    asked_for: list[str] = []
    ill: list[str] = []

    def fail(verb: str, asked: Asked) -> tuple[str, ...]:
        asked_for.append(asked.reference)
        if asked.reference in ill:
            raise ZeroDivisionError
        return owners(verb, asked)

    world = make_world(replace(SAMPLE, product=replace(SAMPLE.product, turns=fail)))
    names = ("one", "two", "three")
    poison, *innocents = (open_line(world, name, name) for name in names)
    world.poisonous.add(poison)
    world.work()
    assert sorted(asked_for) == sorted(names)  # once for each claim
    ill.append("one")
    world.settle(timedelta(hours=1))
    row = world.rows.operation(poison)
    assert (row["state"], row["reason"], row["step"]) == ("waiting", "parked", "await_line")
    (ticket,) = world.rows.tickets(poison)
    assert "failed to say for whom it acts" in ticket["body"]
    assert [each["operation"] for each in world.logs if each["event"] == "check_crashed"] == [
        public_id("op", poison)
    ]
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()
    ill.clear()
    assert isinstance(world.writer.store(Retry(poison, "me")), Accepted)
    world.settle()
    assert world.rows.operation(poison)["state"] == "succeeded"
    world.check()


def test_SD_8_the_database_decides_between_two_workers_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = [open_line(world, name) for name in ("one", "two")]
    meeting = Barrier(2 if is_postgresql(world.database) else 1)
    look, seen = owner_turns._had, []  # noqa: SLF001  both have looked before either takes

    def look_together(*asked: Any) -> Any:
        found = look(*asked)
        seen.append(found)
        if len(seen) <= meeting.parties:
            meeting.wait(PATIENCE)
        return found

    monkeypatch.setattr(owner_turns, "_had", look_together)
    world.boot()
    again = Database(world.database.url.render_as_string(hide_password=False))
    other = Writer(again, world.products)
    other.start()
    keys = [worker.key for worker in world.workers]
    pairs = zip((world.writer, other), keys, opened, strict=True)
    answers = [writer.submit([Claim(key, (each,))]) for writer, key, each in pairs]
    claimed = [each for answer in answers for each in answer.result(PATIENCE)[0]]
    other.stop()
    again.close()
    assert len(claimed) == 1
    assert len(seen) == meeting.parties + 1


def test_SD_8_a_product_without_turns_pays_nothing_for_them(make_world: MakeWorld) -> None:
    world = make_world()
    world.submit("open")
    with statements(world.database) as run:
        world.settle()
    assert not [each for each in run if "owner_turn" in each]


async def connect_but_one(work: Work, platform: LinePlatform) -> Outcome:
    """Connect a line, and crash over the service that is called one."""
    if work.service.reference == "one":
        raise RuntimeError("there is a bug")
    return await connect_line(work, platform)
