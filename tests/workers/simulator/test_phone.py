"""The phone's own door at the vendor of the mobile line: what a user can do with an activation code, and when."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.simulator.world import SERVICE, START, Answered, Listener, World
from workers.simulator.clock import Standing
from workers.simulator.thread import SimulatorThread

ES2 = "/mobile_line/gsma/rsp2/es2plus"
HEADER = {"functionRequesterIdentifier": "turnup", "functionCallIdentifier": "1"}


@pytest.fixture
def world(listener: Listener, database: Path) -> Iterator[World]:
    targets = {"mobile_line": listener.target}
    with SimulatorThread(database, targets, Standing(START)) as simulator:
        yield World(simulator.url, listener)


def code_of(world: World, line: str, *, is_released: bool = True) -> tuple[str, str]:
    """Make a code for a line, and answer its profile and the code."""
    order = {"header": HEADER, "profileType": "business-line", "lineIdentifier": line}
    iccid = world.change("POST", f"{ES2}/downloadOrder", order).body["iccid"]
    asked = {"header": HEADER, "iccid": iccid, "releaseFlag": is_released}
    made = world.change("POST", f"{ES2}/confirmOrder", asked).body
    return iccid, f"LPA:1${made['smdpAddress']}${made['matchingId']}"


def new_line(world: World) -> str:
    """Make a line, and answer its name."""
    body = {"user": "Maria Rossi", "number": "+390612345001"}
    return str(world.change("POST", "/mobile_line/lines", body).body["platform_id"])


def at_the_phone(world: World, does: str, **body: str) -> Answered:
    """Do something at the phone."""
    return world.call("POST", f"/mobile_line/phone/{does}", body, {"X-Service": SERVICE})


def kinds(world: World, number: int) -> list[str]:
    """Tell what Turnup was told, once so much has come."""
    return [each.body["kind"] for each in world.listener.wait_for(number)]


def test_ML_4_a_code_works_once(world: World) -> None:
    iccid, code = code_of(world, new_line(world))
    assert at_the_phone(world, "scan", code=code).body == {"iccid": iccid}
    again = at_the_phone(world, "scan", code=code)
    assert (again.status, again.body["error"]) == (409, "code_used")


def test_ML_5_a_replaced_code_works_on_no_phone(world: World) -> None:
    line = new_line(world)
    iccid, old = code_of(world, line)
    asked = {"header": HEADER, "iccid": iccid, "finalProfileStatusIndicator": "Unavailable"}
    world.change("POST", f"{ES2}/cancelOrder", asked)
    _, new = code_of(world, line)
    assert at_the_phone(world, "scan", code=old).body["error"] == "code_replaced"
    assert at_the_phone(world, "scan", code=new).status == 200


def test_ML_4_a_code_works_no_more_after_90_days(world: World) -> None:
    _, code = code_of(world, new_line(world), is_released=False)
    world.move()
    world.settle()
    assert at_the_phone(world, "scan", code=code).body["error"] == "code_expired"


def test_a_code_that_is_not_released_yet_works_on_no_phone(world: World) -> None:
    _, code = code_of(world, new_line(world), is_released=False)
    assert at_the_phone(world, "scan", code=code).body["error"] == "not_released"


@pytest.mark.parametrize(
    ("code", "error"), [("LPA:1$smdp.example.com$OTHER", "code_unknown"), ("x", "code_malformed")]
)
def test_a_wrong_code_works_on_no_phone(world: World, code: str, error: str) -> None:
    new_line(world)
    assert at_the_phone(world, "scan", code=code).body["error"] == error


def test_ML_6_what_happens_at_the_phone_is_told(world: World) -> None:
    _, code = code_of(world, new_line(world))
    for does in ("scan", "enable", "disable", "remove"):
        assert at_the_phone(world, does, **({"code": code} if does == "scan" else {})).status == 200
    assert kinds(world, 6)[2:] == ["installed", "enabled", "disabled", "removed"]
    assert {each.body["reference"] for each in world.listener.heard} == {None}


def test_what_is_so_already_or_on_no_phone_is_refused(world: World) -> None:
    _, code = code_of(world, new_line(world))
    assert at_the_phone(world, "enable").body["error"] == "not_on_a_phone"
    at_the_phone(world, "scan", code=code)
    at_the_phone(world, "enable")
    assert at_the_phone(world, "enable").body["error"] == "already_so"
