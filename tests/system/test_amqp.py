"""Commands over AMQP: whoever is killed and whatever is restarted, each is carried out once."""

import json
from collections.abc import Iterator

import pytest

from tests.servers.node import Node, installed
from tests.system.conftest import MakeFleet
from tests.system.fleet import BRISK, EVERYBODY
from tests.system.orders import activate, service_name
from tests.system.process import run_turnup
from tests.system.publisher import Publisher
from tests.system.stage import Stage, check, on_stage
from tests.system.waiting import until

MANY = 240

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """Node.js with the packages of an upstream system."""
    with installed() as node:
        yield node


def test_commands_over_amqp_survive_kill_9_of_the_intake_and_a_broker_that_restarts(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(**BRISK)
    commands = [activate(service_name(each), f"on-{each}") for each in range(MANY)]
    url = fleet.servers.rabbit.url
    with on_stage(fleet, names=(*EVERYBODY, "intake")) as stage:
        with Publisher(url, f"answers-{fleet.door.port}", stage.ledger) as publisher:
            publisher.send(*commands)
            for number in (20, 60, 100):
                await_operations(stage, number)
                fleet["intake"].kill()
                fleet.start("intake")
            await_operations(stage, 140)
            fleet.servers.rabbit.restart()
            until(lambda: publisher.is_done, "everything published")
            await_operations(stage, MANY)
            stage.await_ends()
            until(lambda: answers(publisher, stage) == MANY, "an answer to each", pause=0.2)
        evidence = stage.settle()
    assert evidence.ledger.acknowledged.keys() == {each["id"] for each in commands}
    assert evidence.ledger.refused == {}
    assert len(evidence.operations) == MANY
    check(evidence)
    for event in ("broker_gone", "broker_answers_again"):
        told = [each["by"] for each in fleet["intake"].events(event)]
        assert told.count("intake") == 1, fleet["intake"].text()


def test_a_node_program_publishes_a_command_and_follows_its_events_to_the_end(
    make_fleet: MakeFleet, node: Node
) -> None:
    fleet = make_fleet(**BRISK)
    with on_stage(fleet, names=(*EVERYBODY, "intake")):
        done = node(
            "follow.mjs", fleet.servers.rabbit.url, json.dumps(activate("acme/pbx-1", "n-1"))
        )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    (answer,) = [each for each in told if "answered" in each]
    assert answer == {"answered": 202, "correlationId": "from-node", "id": "op_1"}
    happenings = [each["happening"] for each in told if "happening" in each]
    assert happenings[0] == "accepted"
    assert "succeeded" in happenings
    assert all(each["key"].startswith("cloud_pbx.") for each in told if "key" in each)


def test_an_intake_without_a_broker_says_so_and_ends(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    away = {**fleet.environment, "TURNUP_BROKER_URL": "amqp://guest:guest@127.0.0.1:9/%2F"}
    done = run_turnup("intake", environment=away)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "the broker amqp://guest:***@127.0.0.1:9" in line


def test_what_was_rejected_is_seen_sent_again_and_dropped_from_the_command_line(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(**BRISK)
    wrong = [activate("nobody/pbx-1", "w-1"), activate("acme/pbx-1", "w-2")]
    wrong[1]["data"]["extensions"] = 0
    with on_stage(fleet, names=(*EVERYBODY, "intake")) as stage:
        with Publisher(fleet.servers.rabbit.url, "answers-dead", stage.ledger) as publisher:
            publisher.send(*wrong)
            until(lambda: len(dead(stage)) == 2, "two rejected")
            publisher.read()
        found = {each["command"]: each["id"] for each in dead(stage)}
        shown = turnup(stage, "dead", "show", found["w-2"])
        assert "/data/extensions" in shown
        assert fleet.door.get("/v1/dead-letters") == dead(stage)
        assert "is dropped" in turnup(stage, "dead", "drop", found["w-2"])
        turnup(stage, "dead", "requeue", found["w-1"])
        until(lambda: {each["command"] for each in dead(stage)} == {"w-1"}, "it is rejected again")
        (again,) = dead(stage)
        assert again["id"] != found["w-1"]
        fleet.door.ask("POST", f"/v1/dead-letters/{again['id']}/drop")
        assert dead(stage) == []


def dead(stage: Stage) -> list[dict[str, str]]:
    """Return what was rejected, as the command line lists it."""
    listed: list[dict[str, str]] = json.loads(turnup(stage, "dead", "list", "--json"))
    return listed


def turnup(stage: Stage, *arguments: str) -> str:
    """Run a command that has to succeed, and return what it says."""
    done = run_turnup(*arguments, environment=stage.fleet.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(publisher: Publisher, stage: Stage) -> int:
    """Return how many commands have got an operation as their answer by now."""
    publisher.read()
    return len(stage.ledger.acknowledged)


def await_operations(stage: Stage, number: int) -> None:
    """Wait until so many operations were accepted."""
    door = stage.fleet.door
    until(lambda: len(door.all_of("/v1/operations")) >= number, f"{number} operations", pause=0.05)
