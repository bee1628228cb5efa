"""The simulator's clock stands until it is moved, from what it shows and by nobody else."""

from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from tests.workers.simulator.world import START, Listener, World
from workers.simulator.clock import Real, Standing, WrongClockError
from workers.simulator.thread import SimulatorThread


def test_a_new_clock_stands_at_its_start(world: World) -> None:
    assert world.clock() == {
        "now": "2026-05-29T08:00:00.000000Z",
        "next_due": None,
        "busy": False,
    }


def test_a_clock_is_moved_only_from_what_it_shows(world: World) -> None:
    later = (START + timedelta(hours=1)).isoformat()
    move = {"from": START.isoformat(), "to": later}
    assert world.call("PUT", "/clock", move).body["now"] == "2026-05-29T09:00:00.000000Z"
    again = world.call("PUT", "/clock", move)
    assert (again.status, again.body["now"]) == (409, "2026-05-29T09:00:00.000000Z")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"from": "2026-05-29T08:00:00Z", "to": "2026-05-29T07:00:00Z"},
        {"from": "2026-05-29T08:00:00", "to": "2026-05-29T09:00:00"},
        {"from": "2026-05-29T08:00:00Z", "to": "2026-05-29T09:00:00Z", "by": "me"},
    ],
)
def test_a_wrong_move_is_refused(world: World, body: object) -> None:
    assert world.call("PUT", "/clock", body).status == 422
    assert world.clock()["now"] == "2026-05-29T08:00:00.000000Z"


def test_what_is_due_on_the_way_happens_in_order_at_its_own_time(world: World) -> None:
    for delay in (30, 10, 20):
        world.change("POST", "/paging/pages", {"delay": delay, "times": 2})
    assert world.clock()["next_due"] == "2026-05-29T08:00:10.000000Z"
    world.move(timedelta(minutes=1))
    heard = sorted(heard.body["at"] for heard in world.listener.wait_for(6))
    seconds = [(datetime.fromisoformat(at) - START).total_seconds() for at in heard]
    assert seconds == [10, 11, 20, 21, 30, 31]
    assert world.settle()["next_due"] is None


def test_a_move_over_many_changes_leaves_none_out(world: World) -> None:
    world.change("POST", "/paging/pages", {"times": 250})
    world.move(timedelta(hours=1))
    assert len(world.listener.wait_for(250)) == 250


def test_the_clock_is_busy_while_a_call_is_answered(world: World) -> None:
    world.fault("latency", value=0.5)
    calling = Thread(target=world.create)
    calling.start()
    while not world.effects():
        pass
    assert world.clock()["busy"] is True
    calling.join()
    assert world.settle()["busy"] is False


def test_time_and_plans_survive_a_restart(database: Path, listener: Listener) -> None:
    with SimulatorThread(database, {}, Standing(START)) as simulator:
        world = World(simulator.url, listener)
        path = world.created()
        world.change("PUT", f"{path}/power", {"on": True})
        world.move(timedelta(minutes=1))
        before = world.clock()
    with SimulatorThread(database, {}, Standing(START)) as simulator:
        world = World(simulator.url, listener)
        assert world.clock() == before
        world.move()
        assert world.call("GET", path).body["state"] == "on"


def test_the_clock_of_the_host_is_not_moved(database: Path, listener: Listener) -> None:
    with SimulatorThread(database, {}, Real()) as simulator:
        world = World(simulator.url, listener)
        now = world.clock()["now"]
        answer = world.call("PUT", "/clock", {"from": now, "to": "2099-01-01T00:00:00Z"})
        assert answer.status == 409
        assert world.clock()["now"] < "2099"


def test_a_file_keeps_its_kind_of_clock(database: Path) -> None:
    with SimulatorThread(database, {}, Real()):
        pass
    with pytest.raises(WrongClockError), SimulatorThread(database, {}, Standing(START)):
        pass


def test_time_is_seen_to_pass_while_much_happens_on_the_way(world: World) -> None:
    world.call("POST", "/faults", {"product": "paging", "fault": "no_callback"})
    world.change("POST", "/paging/pages", {"times": 3000})
    moving = Thread(target=world.move, args=(timedelta(hours=1),))
    moving.start()
    seen = [world.clock()]
    while moving.is_alive():
        seen.append(world.clock())
    moving.join()
    on_the_way = [clock for clock in seen if "08:00:01" < clock["now"][11:] < "09:00:00"]
    assert any(clock["busy"] for clock in on_the_way)
