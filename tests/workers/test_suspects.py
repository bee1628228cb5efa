"""Suspects: they run alone, and hold back no more than that takes (I9)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from schema.store.claimed import Claimed
from schema.store.journal import Recorded
from schema.tables import operation
from tests.world.fixtures import MakeWorld
from tests.world.points import PATIENCE
from tests.world.sample import SAMPLE
from tests.world.subjects import find_subjects
from tests.world.worker import LONG
from tests.world.world import World
from workers import leaving
from workers.carrier import ALONE, DEATHS
from workers.waker import Waker

#: What no column takes that must have something.
NOTHING: Any = None

PBX = find_subjects()["cloud_pbx"]


def suspect(world: World, reference: str, tries: int = ALONE - 1) -> int:
    """Submit an operation that has ended its worker so many times."""
    key = world.submit("open", reference)
    row = update(operation).where(operation.c.id == key).values(tries=tries)
    world.do(lambda transaction: transaction.connection.execute(row))
    return key


def calls(world: World) -> list[str]:
    """Return what was asked for, in order, without questions."""
    return [f"{each.action} {each.service}" for each in world.platform.calls if each.key]


def in_flight(world: World) -> int:
    """Return how many operations are in flight."""
    return sum(worker.engine.in_flight for worker in world.workers)


def test_I9_a_suspect_waits_for_a_step_of_the_others_and_not_for_their_end(world: World) -> None:
    gate = world.platform.hold("connect", most=1)
    innocent = world.submit("open", "one")
    world.until(lambda: gate.reached == 1)
    other = suspect(world, "two")
    world.until(lambda: world.workers[0].engine._carrier.makes_way)  # noqa: SLF001
    assert calls(world) == ["reserve acme/one"]
    world.platform.open("connect")
    world.settle()
    order = calls(world)
    assert order[:3] == ["reserve acme/one", "connect acme/one", "reserve acme/two"]
    assert [world.rows.operation(each)["state"] for each in (innocent, other)] == ["succeeded"] * 2
    world.check()


def test_I9_nothing_else_is_in_flight_while_a_suspect_runs(world: World) -> None:
    gate = world.platform.hold("reserve", most=1)
    suspect(world, "two")
    world.until(lambda: gate.reached == 1)
    world.submit("open", "one")
    world.waker.once()
    world.deliver()
    seen: list[int] = []

    def has_seen_enough() -> bool:
        seen.append(in_flight(world))
        return len(seen) == 20

    world.until(has_seen_enough)
    assert set(seen) == {1}
    world.platform.open("reserve")
    world.settle()
    assert {row["state"] for row in world.rows.all("operation")} == {"succeeded"}
    world.check()


def test_I9_a_suspect_of_one_product_holds_another_product_up_for_one_step(
    make_world: MakeWorld,
) -> None:
    world = make_world(SAMPLE, PBX)
    first, second = world.platform.hold("reserve"), world.platform.hold("connect")
    held = suspect(world, "two")
    world.until(lambda: first.reached == 1)
    other = world.submit("activate", "office", product="cloud_pbx")
    world.platform.open("reserve")
    world.until(lambda: second.reached == 1)
    world.until(lambda: world.rows.operation(other)["step"] == "switch_on_instances")
    assert world.rows.operation(held)["step"] == "connect_line"
    world.platform.open("connect")
    world.settle()
    world.check()


def test_I9_everybody_else_has_a_turn_between_two_suspects(world: World) -> None:
    suspect(world, "one")
    suspect(world, "two")
    world.submit("open", "three")
    world.settle()
    begun = [each for each in calls(world) if each.startswith("reserve")]
    assert begun.index("reserve acme/three") < 2
    assert {row["state"] for row in world.rows.all("operation")} == {"succeeded"}
    world.check()


def test_I9_a_suspect_that_has_not_run_is_not_blamed_for_the_death_of_its_worker(
    world: World,
) -> None:
    innocents = [suspect(world, name, tries=DEATHS) for name in ("two", "three", "four")]
    poison = world.submit("open", "one")
    world.poisonous.add(poison)
    world.points.deadly.add("call connect acme/one")
    world.settle()
    assert world.rows.operation(poison)["reason"] == "parked"
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_I9_who_dies_while_the_last_calls_of_another_settle_has_tried_nothing(
    world: World,
) -> None:
    terms = replace(LONG, settle=timedelta(seconds=3))
    world.waker = Waker(world.database, world.writer, world.products, world._queue, terms)  # noqa: SLF001
    gate = world.platform.hold("reserve")
    innocents = [world.submit("open", name) for name in ("one", "two", "three")]
    world.until(lambda: gate.reached == 3)
    world.crash()
    for _ in range(2):
        world.boot()
        world.waker.once()
        world.deliver()
        world.run()
        assert {world.rows.operation(each)["tries"] for each in innocents} == {1}
        world.crash()
    assert gate.reached == 3
    world.platform.open("reserve")
    world.boot()
    world.settle()
    assert {world.rows.operation(each)["state"] for each in innocents} == {"succeeded"}
    world.check()


def test_I9_a_suspect_that_cannot_be_given_back_holds_nobody_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_back = leaving.given_back

    def refused(claimed: Claimed) -> Recorded:
        return give_back(claimed)._replace(state=NOTHING)

    monkeypatch.setattr("workers.engine.given_back", refused)
    suspect(world, "two")
    world.submit("open", "one")
    world.settle()
    assert {row["state"] for row in world.rows.all("operation")} == {"succeeded"}
    assert "suspect_not_given_back" in [each["event"] for each in world.logs]
    world.check()


def test_a_worker_that_stops_does_not_wait_for_the_rest_after_a_suspect(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = world.platform.hold("reserve")
    key = suspect(world, "one")
    world.until(lambda: gate.reached == 1)
    clock = world.loop.time
    monkeypatch.setattr(world.loop, "time", lambda: clock() + 3600)
    world.platform.open("reserve")
    world.until(lambda: world.rows.operation(key)["owner"] is None)
    engine = world.workers[0].engine

    async def stop() -> int:
        async with asyncio.timeout(PATIENCE):
            return await engine.stop(timedelta(hours=1))

    assert world.loop.run_until_complete(stop()) == 0
