"""Callbacks are signed, come at least once, and late, twice or out of order when asked."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from tests.workers.simulator.world import SECRET, START, Listener, World
from workers.simulator.clock import Real, Standing
from workers.simulator.courier import CallbackTarget
from workers.simulator.thread import SimulatorThread


@pytest.fixture
def running(world: World) -> World:
    """A running instance whose callback about it was heard and forgotten."""
    world.running()
    world.listener.heard.clear()
    return world


def switch(world: World, *, on: bool) -> None:
    """Switch the one instance, and let it finish."""
    found = world.call("GET", "/cloud_pbx/instances?reference=op_1").body["instances"]
    path = f"/cloud_pbx/instances/{found[0]['platform_id']}/power"
    assert world.change("PUT", path, {"on": on}).status == 202
    world.move()


def test_a_callback_says_what_happened_and_is_signed(world: World) -> None:
    path = world.running()
    heard = world.listener.wait_for(1)[0]
    signed = Webhook(SECRET).verify(heard.text, heard.headers)
    platform_id = path.rpartition("/")[2]
    assert signed == {
        "id": heard.headers["webhook-id"],
        "at": world.clock()["now"],
        "reference": "op_1",
        "platform_id": platform_id,
        "kind": "instances_on",
        "facts": {"state": "on"},
    }


def test_a_callback_that_is_not_taken_comes_again_later(world: World) -> None:
    world.listener.answers = [500, 404, 204]
    world.running()
    for _ in range(2):
        before = world.settle()
        assert before["next_due"] > before["now"]
        world.move()
    assert world.settle()["next_due"] is None
    assert len({heard.text for heard in world.listener.wait_for(3)}) == 1


def test_an_unanswered_callback_keeps_the_simulator_busy(running: World) -> None:
    running.listener.answers = [500]
    switch(running, on=False)
    running.listener.wait_for(1)
    assert running.settle()["next_due"] is not None


def test_duplicate_callback_sends_it_twice(running: World) -> None:
    running.fault("duplicate_callback", count=1)
    switch(running, on=False)
    running.settle()
    first, second = running.listener.wait_for(2)
    assert (first.text, first.headers["webhook-id"]) == (second.text, second.headers["webhook-id"])


def test_duplicate_callback_sends_the_second_later_when_told(running: World) -> None:
    running.fault("duplicate_callback", value="30m")
    switch(running, on=False)
    clock = running.settle()
    assert len(running.listener.heard) == 1
    due_in = datetime.fromisoformat(clock["next_due"]) - datetime.fromisoformat(clock["now"])
    assert due_in == timedelta(minutes=30)
    running.move()
    assert len(running.listener.wait_for(2)) == 2


def test_late_callback_comes_later_and_tells_the_time_of_what_happened(running: World) -> None:
    running.fault("late_callback", value="1h")
    switch(running, on=False)
    happened = running.settle()["now"]
    assert running.listener.heard == []
    running.move()
    assert running.listener.wait_for(1)[0].body["at"] == happened
    assert running.clock()["now"] > happened


def test_no_callback_sends_none_though_it_happens(running: World) -> None:
    running.fault("no_callback")
    switch(running, on=False)
    assert running.settle()["next_due"] is None
    assert running.listener.heard == []


def test_reorder_callbacks_lets_the_next_one_overtake(running: World) -> None:
    running.fault("reorder_callbacks", value="1h", count=1)
    switch(running, on=False)
    running.settle()
    assert running.listener.heard == []
    switch(running, on=True)
    running.settle()
    kinds = [heard.body["kind"] for heard in running.listener.wait_for(2)]
    assert kinds == ["instances_on", "instances_off"]


def test_reorder_callbacks_holds_back_no_longer_than_told(running: World) -> None:
    running.fault("reorder_callbacks", value="1h")
    switch(running, on=False)
    running.settle()
    running.move()
    assert [heard.body["kind"] for heard in running.listener.wait_for(1)] == ["instances_off"]


def test_callbacks_of_one_instance_come_in_order(world: World) -> None:
    page(world, times=20)
    world.move(timedelta(minutes=1))
    world.settle()
    beeps = [heard.body["facts"]["beeps"] for heard in world.listener.wait_for(20)]
    assert beeps == list(range(1, 21))


def test_a_callback_can_come_before_the_reply(world: World) -> None:
    world.call("POST", "/faults", {"product": "paging", "fault": "latency", "value": 0.3})
    page(world)
    assert len(world.listener.heard) == 1


def test_nobody_listening_makes_it_try_later_and_rarer(
    paging: None, database: Path, listener: Listener
) -> None:
    nobody = CallbackTarget("http://127.0.0.1:9/events", SECRET)
    with SimulatorThread(database, {"paging": nobody}, Standing(START)) as simulator:
        world = World(simulator.url, listener)
        page(world)
        pauses = []
        for _ in range(12):
            clock = world.settle()
            due_at, now = (datetime.fromisoformat(clock[name]) for name in ("next_due", "now"))
            pauses.append((due_at - now).total_seconds())
            world.move()
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_a_callback_survives_a_restart(paging: None, database: Path, listener: Listener) -> None:
    nobody = CallbackTarget("http://127.0.0.1:9/events", SECRET)
    with SimulatorThread(database, {"paging": nobody}, Standing(START)) as simulator:
        world = World(simulator.url, listener)
        page(world)
        world.settle()
    with SimulatorThread(database, {"paging": listener.target}, Standing(START)) as simulator:
        World(simulator.url, listener).move()
        assert len(listener.wait_for(1)) == 1


def test_with_the_clock_of_the_host_things_happen_by_themselves(
    paging: None, database: Path, listener: Listener
) -> None:
    with SimulatorThread(database, {"paging": listener.target}, Real()) as simulator:
        page(World(simulator.url, listener), delay=0.05)
        assert listener.wait_for(1)[0].body["kind"] == "beeped"


def page(world: World, **body: object) -> None:
    """Let a pager beep."""
    assert world.change("POST", "/paging/pages", body).status == 201
