"""The servers go away while everybody works: all wait, say so once, and go on by themselves."""

from collections import Counter

import pytest

from tests.system.conftest import MakeFleet
from tests.system.fleet import Fleet
from tests.system.orders import activate, service_name
from tests.system.stage import Stage, check, on_stage
from tests.system.waiting import rest, until

#: How many operations there are.
MANY = 30

#: How long a server is away, in seconds: long enough for everybody to notice, shorter than a lease.
AWAY = 3

#: What a process tells about itself where others keep the machine busy.
ABOUT_THE_MACHINE = {"loop_blocked"}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_a_postgresql_that_restarts_is_waited_for_and_nothing_is_lost(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    with on_stage(fleet) as stage:
        stage.fault("latency", 0.3)
        stage.hand_in([activate(service_name(each), f"on-{each}") for each in range(MANY)])
        stage.await_effects(MANY // 2)
        fleet.servers.postgres.stop()
        rest(AWAY)
        fleet.servers.postgres.start()
        await_doors(fleet)
        stage.await_ends()
        check(stage.settle())
    for name in ("api", "relay", "waker", "worker-1", "worker-2"):
        assert says_everything_once(fleet, name), fleet[name].text()
    assert all(fleet[name].events("database_gone") for name in ("relay", "worker-1", "worker-2"))


def test_without_rabbitmq_commands_are_accepted_and_carried_out_when_it_is_back(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    with on_stage(fleet) as stage:
        fleet.servers.rabbit.stop()
        until(lambda: all_say(fleet, "broker_gone"), "that everybody has noticed")
        stage.hand_in([activate(service_name(each), f"on-{each}") for each in range(MANY)])
        rest(AWAY)
        assert still_waiting(stage)
        fleet.servers.rabbit.start()
        stage.await_ends()
        check(stage.settle())
    for name in ("api", "relay", "waker", "worker-1", "worker-2"):
        assert says_everything_once(fleet, name), fleet[name].text()


def await_doors(fleet: Fleet) -> None:
    """Wait until the door is open again."""
    until(lambda: fleet.door.answers("/readyz"), "an open door")


def still_waiting(stage: Stage) -> bool:
    """Whether nothing was done: nobody was told, and nobody was told twice that nobody is."""
    return stage.open_operations() == MANY


def all_say(fleet: Fleet, event: str) -> bool:
    """Whether all who consume or send have logged this."""
    return all(fleet[name].events(event) for name in ("relay", "worker-1", "worker-2"))


def says_everything_once(fleet: Fleet, name: str) -> bool:
    """Whether a process has told each thing that went wrong only once."""
    told = [
        (each["event"], each.get("by"))
        for level in ("warning", "error", "critical")
        for each in fleet[name].told(level)
        if each["event"] not in ABOUT_THE_MACHINE
    ]
    return max(Counter(told).values(), default=1) == 1
