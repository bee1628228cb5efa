"""200 operations on real servers, with processes killed and the broker restarted in the middle."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.system.conftest import MakeFleet
from tests.system.evidence import Evidence
from tests.system.fleet import BRISK
from tests.system.invariants import INVARIANTS
from tests.system.orders import Command, activate, deactivate, service_name
from tests.system.stage import Stage, on_stage

#: So many services are activated; so many of these are deactivated: 200 operations.
ACTIVATED, DEACTIVATED = 103, 97

#: What meets which services: lost replies, an outage beyond the deadline, an instance that never
#: starts, and a vendor that refuses.
LOST, OUT, NEVER, REFUSED = range(10), range(90, 95), range(98, 100), range(100, 103)

#: When those that were late are through: minutes after the start.
BACK = 20


def set_faults(stage: Stage) -> None:
    """Let the vendors be as bad as they can: they know no keys and tell everything twice."""
    stage.fault("no_idempotency")
    stage.fault("duplicate_callback")
    stage.fault("latency", 0.05)
    for number in LOST:
        for action in ("create_instances", "switch_on_instances", "refuse_access"):
            stage.fault("lost_reply", service=service_name(number), action=action, count=1)
    for number in OUT:
        where = {"service": service_name(number), "action": "switch_on_instances"}
        stage.fault("outage", until=stage.until(minutes=BACK), **where)
    for number in NEVER:
        stage.fault("never", service=service_name(number), action="switch_on_instances")
    for number in REFUSED:
        stage.fault("refuse", "no_room", service=service_name(number), action="switch_on_instances")


def doubled(commands: list[Command]) -> list[Command]:
    """Return the commands with some twice, at once or a little later."""
    return commands[:20] + commands[10:15] + commands[20:] + commands[:10]


def activate_with_deaths(stage: Stage) -> None:
    """Activate, and kill a worker, the relay and the waker while that is under way."""
    commands = [activate(service_name(number), f"on-{number}") for number in range(ACTIVATED)]
    stage.hand_in(doubled(commands))
    stage.await_effects(60)
    for name in ("worker-1", "relay", "waker"):
        stage.fleet[name].kill()
    stage.fleet.start("worker-1", "relay", "waker")
    stage.await_ends(but=len(NEVER) + len(OUT))


def deactivate_without_broker(stage: Stage) -> None:
    """Deactivate, and restart the broker and kill the other worker while that is under way."""
    commands = [deactivate(service_name(number), f"off-{number}") for number in range(DEACTIVATED)]
    # Those that are late are busy: they are asked again when they are through.
    stage.await_ends(but=len(NEVER))
    before = stage.effects()
    stage.hand_in(doubled(commands))
    stage.await_effects(before + 60)
    stage.fleet["worker-2"].kill()
    stage.fleet.servers.rabbit.restart()
    stage.fleet.start("worker-2")
    stage.await_ends(but=len(NEVER))


@pytest.fixture(scope="module")
def seen() -> dict[str, Evidence]:
    """What the run below has found, for the functions that judge it."""
    return {}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_hundred_operations_survive_kill_9_and_a_broker_that_restarts(
    make_fleet: MakeFleet, seen: dict[str, Evidence]
) -> None:
    with on_stage(make_fleet(**BRISK)) as stage:
        set_faults(stage)
        activate_with_deaths(stage)
        deactivate_without_broker(stage)
        evidence = seen["evidence"] = stage.settle()
        taken_over = stage.fleet["waker"].events("taken_over")
    assert len(evidence.operations) == ACTIVATED + DEACTIVATED == len(evidence.ledger.operations)
    assert len([each for each in taken_over if each["operations"]]) >= 2, "nothing was under way"
    assert len(evidence.effects) >= 3 * (ACTIVATED + DEACTIVATED - len(REFUSED)) - len(LOST)


@pytest.mark.parametrize("invariant", INVARIANTS, ids=lambda each: each.__name__)
def test_after_the_run_the_invariant_holds(
    invariant: Callable[[Evidence], None], seen: dict[str, Evidence]
) -> None:
    invariant(seen["evidence"])


def test_exactly_those_that_were_late_or_refused_have_a_ticket(seen: dict[str, Evidence]) -> None:
    evidence = seen["evidence"]
    found = {each["reference"]: each["state"] for each in evidence.tickets}
    owed = {service_name(number): "resolved" for number in OUT}
    owed |= {service_name(number): "open" for number in (*NEVER, *REFUSED)}
    assert found == owed
    assert len(evidence.tickets) == len(owed)


def test_the_services_are_where_CO_10_and_their_operations_left_them(
    seen: dict[str, Evidence],
) -> None:
    evidence = seen["evidence"]
    states = {_name(each): each["state"] for each in evidence.services.values()}
    expected = {service_name(number): "deactivated" for number in range(DEACTIVATED)}
    expected |= {service_name(number): "active" for number in range(DEACTIVATED, ACTIVATED)}
    expected |= {service_name(number): "activating" for number in NEVER}
    expected |= {service_name(number): "deleted" for number in REFUSED}
    assert states == expected


def _name(service: dict[str, Any]) -> str:
    """Return a service as the commands name it."""
    return f"{service['customer']}/{service['reference']}"
