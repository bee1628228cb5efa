"""Slow platforms and customers with much: nobody else waits for them."""

import asyncio
from datetime import timedelta

import pytest

from tests.world.fixtures import MakeWorld
from tests.world.platform import Gate
from tests.world.points import PATIENCE
from tests.world.sample import SAMPLE
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.turns import Limits

#: One customer's bulk.
BULK = 40


def crowd(world: World, count: int, limits: Limits, **more: int) -> Gate:
    """Submit a bulk to a worker with such limits, and let it go as far as a platform that does not answer lets it."""
    gate = world.platform.hold("reserve")
    world.crash()
    worker = world.boot(limits=limits, **more)
    for number in range(count):
        world.submit("open", f"many-{number}")
    most = min(count, worker.equipment.room)
    world.until(lambda: gate.reached == min(limits.calls, most))
    world.until(lambda: worker.engine.in_flight == most)
    return gate


def reserved(world: World) -> list[str]:
    """Return for which services a place was asked for, in order."""
    return [call.service for call in world.platform.calls if call.action == "reserve"]


def test_a_platform_that_does_not_answer_holds_up_no_other_product(make_world: MakeWorld) -> None:
    pbx = find_subjects()["cloud_pbx"]
    world = make_world(SAMPLE, pbx)
    crowd(world, 100, Limits())
    world.submit(pbx.maker, "other", product=pbx.name)
    world.until(lambda: any(each.product == pbx.name for each in world.platform.effects()))
    assert reserved(world) == []
    world.platform.open("reserve")
    world.settle()
    world.check()


def test_no_more_calls_are_at_a_platform_than_its_limit_says(world: World) -> None:
    gate = crowd(world, 20, Limits(calls=3))
    assert gate.reached == 3
    world.platform.open("reserve")
    world.settle()
    assert {row["state"] for row in world.rows.all("operation")} == {"succeeded"}
    world.check()


def test_a_single_command_does_not_wait_for_another_customers_bulk(world: World) -> None:
    world.customer("small")
    crowd(world, BULK, Limits(calls=1), room=4)
    single = world.submit("open", "one", customer="small")
    world.queue.append(("sample", (single,)))  # as its door offers it
    world.deliver()
    world.platform.open("reserve")
    world.settle()
    # The four that had a place and maybe one more, whose claim was under way.
    assert reserved(world).index("small/one") <= 5
    world.check()


def test_a_single_command_goes_before_the_calls_of_a_bulk_in_flight(world: World) -> None:
    world.customer("small")
    crowd(world, BULK, Limits(calls=1))
    single = world.submit("open", "one", customer="small")
    world.until(lambda: world.rows.operation(single)["state"] == "running")
    world.until(lambda: world.workers[0].engine.in_flight == BULK + 1)
    world.platform.open("reserve")
    world.settle()
    assert reserved(world).index("small/one") <= 2
    world.check()


def test_waiting_for_a_turn_is_no_unknown_outcome(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.crash()
    turns = world.boot(limits=Limits(calls=1)).turns["sample"]
    world.loop.run_until_complete(turns.__aenter__())
    operation = world.submit("open")
    world.until(lambda: bool(turns._waiting))  # noqa: SLF001  nobody else can say so
    clock = world.loop.time
    monkeypatch.setattr(world.loop, "time", lambda: clock() + 3600)
    world.until(lambda: True)
    world.loop.run_until_complete(turns.__aexit__())
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert not [call for call in world.platform.calls if call.key is None]  # nothing was asked
    world.check()


def test_a_worker_that_stops_waits_for_calls_under_way_and_not_for_their_turns(
    world: World,
) -> None:
    crowd(world, 20, Limits(calls=2))
    worker = world.workers[0]

    async def stop() -> int:
        async with asyncio.timeout(PATIENCE):
            stopping = asyncio.gather(worker.engine.stop(timedelta(hours=1)))
            worker.turns["sample"].close()
            while worker.engine.in_flight > 2:  # noqa: ASYNC110  nobody says so
                await asyncio.sleep(0)
            world.platform.open("reserve")
            return (await stopping)[0]

    assert world.loop.run_until_complete(stop()) == 0
    assert len(reserved(world)) == 2
    world.crash()
    world.boot()
    world.settle()
    assert {row["state"] for row in world.rows.all("operation")} == {"succeeded"}
    world.check()
