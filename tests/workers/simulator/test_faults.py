"""Each fault on demand does what it says, and nothing else."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.workers.simulator.world import SERVICE, START, World
from workers.simulator.clock import Standing
from workers.simulator.thread import SimulatorThread


def test_latency_answers_later_and_acts_at_once(world: World) -> None:
    world.fault("latency", value=0.2)
    before = time.monotonic()
    assert world.create().status == 201
    assert time.monotonic() - before >= 0.2


def test_error_rate_1_fails_every_call_without_acting(world: World) -> None:
    world.fault("error_rate", value=1)
    assert {world.create().status for _ in range(8)} == {500, 503}
    assert world.effects() == []


def test_error_rate_0_fails_none(world: World) -> None:
    world.fault("error_rate", value=0)
    assert world.create().status == 201


def test_error_rate_between_fails_the_same_calls_in_every_run(world: World, tmp_path: Path) -> None:
    def outcomes(world: World) -> list[int]:
        world.fault("error_rate", value=0.5)
        return [world.create().status for _ in range(20)]

    first = outcomes(world)
    with SimulatorThread(tmp_path / "other.db", {}, Standing(START)) as simulator:
        assert outcomes(World(simulator.url, world.listener)) == first
    assert 201 in first
    assert {500, 503} & set(first)


def test_lost_reply_acts_and_cuts_the_connection(world: World) -> None:
    world.fault("lost_reply", count=1)
    with pytest.raises(ConnectionError):
        world.create("once")
    assert world.actions() == ["create_instances"]
    assert world.create("once").status == 201
    assert world.actions() == ["create_instances"]


def test_lost_reply_answers_the_status_it_is_given(world: World) -> None:
    world.fault("lost_reply", value=504)
    assert world.create().status == 504
    assert world.actions() == ["create_instances"]


def test_late_effect_cuts_the_connection_and_acts_afterwards(world: World) -> None:
    world.fault("late_effect", value="5s", count=1)
    with pytest.raises(ConnectionError):
        world.create("once")
    assert world.actions() == []
    world.move(timedelta(seconds=5))
    assert world.effects()[0]["at"] == world.clock()["now"]
    assert world.create("once").status == 201
    assert world.actions() == ["create_instances"]


def test_late_effect_acts_once_where_the_key_came_again_before(world: World) -> None:
    world.fault("late_effect", value="5s", count=1)
    with pytest.raises(ConnectionError):
        world.create("once")
    assert world.create("once").status == 201
    world.move(timedelta(seconds=5))
    assert world.actions() == ["create_instances"]


def test_lost_reply_leaves_reads_alone_unless_it_names_one(world: World) -> None:
    path = world.created()
    world.fault("lost_reply")
    assert world.call("GET", path).status == 200
    world.fault("lost_reply", action="show_instance")
    with pytest.raises(ConnectionError):
        world.call("GET", path)


@pytest.mark.parametrize("until", [(START + timedelta(minutes=10)).isoformat(), "10m"])
def test_outage_cuts_every_call_until_it_is_over(world: World, until: str) -> None:
    path = world.created()
    world.fault("outage", until=until)
    with pytest.raises(ConnectionError):
        world.create()
    with pytest.raises(ConnectionError):
        world.call("GET", path)
    world.move(timedelta(minutes=10))
    assert world.call("GET", path).status == 200
    assert world.actions() == ["create_instances"]


def test_outage_answers_the_status_it_is_given(world: World) -> None:
    world.fault("outage", value=503)
    assert world.create().status == 503
    assert world.effects() == []


def test_no_idempotency_carries_a_repeat_out_again(world: World) -> None:
    path = world.created()
    world.fault("no_idempotency")
    for _ in range(2):
        world.change("PUT", f"{path}/access", {"allowed": False}, key="again")
    assert world.actions() == ["create_instances", "refuse_access", "refuse_access"]


def test_no_idempotency_creates_a_second_instance(world: World) -> None:
    world.fault("no_idempotency")
    assert world.create("again").body["platform_id"] != world.create("again").body["platform_id"]
    assert len(world.call("GET", "/cloud_pbx/instances?reference=op_1").body["instances"]) == 2


def test_no_idempotency_with_a_count_is_used_up_by_repeats_only(world: World) -> None:
    world.fault("no_idempotency", count=1)
    for _ in range(3):
        world.create("again")
    assert world.actions() == ["create_instances", "create_instances"]


def test_throttle_says_how_long_to_wait(world: World) -> None:
    world.fault("throttle", value=3, count=1)
    answer = world.create()
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3")
    assert world.effects() == []
    assert world.create().status == 201


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (None, 422, "refused"),
        (403, 403, "refused"),
        ("no such site", 422, "no such site"),
        ({"status": 404, "reason": "no such site"}, 404, "no such site"),
    ],
)
def test_refuse_says_why_and_does_not_act(
    world: World, value: object, status: int, reason: str
) -> None:
    world.fault("refuse", value=value)
    answer = world.create()
    assert (answer.status, answer.body) == (status, {"error": "refused", "reason": reason})
    assert world.effects() == []


def test_state_changed_tells_the_state_and_does_not_act(world: World) -> None:
    path = world.created()
    world.fault("state_changed")
    answer = world.change("PUT", f"{path}/access", {"allowed": False})
    assert (answer.status, answer.body["reason"]) == (409, "state_changed")
    assert answer.body["state"]["access"] is True
    assert world.actions() == ["create_instances"]


def test_never_accepts_and_does_not_finish_until_asked_anew(world: World) -> None:
    path = world.running()
    world.fault("never", action="switch_off_instances", count=1)
    assert world.change("PUT", f"{path}/power", {"on": False}).body == {"state": "stopping"}
    assert world.settle()["next_due"] is None
    world.move(timedelta(days=1))
    assert world.call("GET", path).body["state"] == "stopping"
    world.change("PUT", f"{path}/power", {"on": False})
    world.move()
    assert world.call("GET", path).body["state"] == "off"


def test_slow_takes_longer_by_its_value(world: World) -> None:
    path = world.created()
    world.fault("slow", value="20m")
    world.change("PUT", f"{path}/power", {"on": True})
    due_in = datetime.fromisoformat(world.clock()["next_due"]) - START
    assert timedelta(minutes=22) <= due_in <= timedelta(minutes=26)


@pytest.mark.parametrize("scope", [{"action": "refuse_access"}, {"service": "acme/elsewhere"}])
def test_a_fault_meets_only_what_it_names(world: World, scope: dict[str, str]) -> None:
    world.fault("outage", **scope)
    assert world.create().status == 201


def test_a_fault_of_a_service_meets_its_reads_too(world: World) -> None:
    path = world.created()
    world.fault("outage", value=503, service=SERVICE)
    assert world.call("GET", path).status == 503


def test_a_fault_with_a_count_applies_so_often(world: World) -> None:
    world.fault("outage", value=503, count=2)
    assert [world.create().status for _ in range(3)] == [503, 503, 201]
    assert world.call("GET", "/faults").body == []


def test_clearing_ends_every_fault(world: World) -> None:
    world.fault("outage")
    assert world.call("DELETE", "/faults").status == 204
    assert world.create().status == 201


def test_a_wrong_fault_is_refused_with_every_problem_at_once(world: World) -> None:
    body = {"product": "cloud_pbx", "action": "dance", "fault": "latency", "value": "much"}
    answer = world.call("POST", "/faults", {**body, "until": "soon", "count": 0, "colour": "red"})
    assert answer.status == 422
    problems = {one["field"] for one in answer.body["problems"]}
    assert problems == {"action", "value", "until", "count", "colour"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"product": "cloud_pbx", "fault": "gremlins"},
        {"product": "fax", "fault": "never"},
        {"product": "cloud_pbx", "fault": "never", "value": 1},
        {"product": "cloud_pbx", "fault": "error_rate", "value": 1.5},
        {"product": "cloud_pbx", "fault": "slow"},
        {"product": "cloud_pbx", "fault": "outage", "until": "2026-05-29T08:00:00"},
        ["never"],
        "no json",
    ],
)
def test_what_is_no_fault_is_refused(world: World, body: object) -> None:
    answer = world.call("POST", "/faults", body)
    assert answer.status == 422
    assert answer.body["problems"]
    assert world.call("GET", "/faults").body == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("PUT", "/cloud_pbx/instances", 405), ("GET", "/fax", 404)],
)
def test_an_unknown_path_is_answered_in_json(
    world: World, method: str, path: str, status: int
) -> None:
    answer = world.call(method, path)
    assert answer.status == status
    assert answer.body["error"]
