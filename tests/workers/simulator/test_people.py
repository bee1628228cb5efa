"""The people of a script: they read their mails, and act at the doors that people have."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.workers.simulator.house import CODE, OTHERS, House
from tests.workers.simulator.world import SERVICE, START, Listener, World
from workers.simulator.clock import Standing
from workers.simulator.players import Surroundings
from workers.simulator.thread import SimulatorThread

ANNA, BRUNO = "anna@acme.example", "bruno@acme.example"
ESIM = "LPA:1$smdp.example.com$ABCDE-12345"


@pytest.fixture
def house() -> Iterator[House]:
    with House() as house:
        yield house


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    (tmp_path / "mails").mkdir()
    return tmp_path / "mails"


@pytest.fixture
def world(listener: Listener, database: Path, house: House, mails: Path) -> Iterator[World]:
    targets = {"cloud_pbx": listener.target, "mobile_line": listener.target}
    around = Surroundings(house.url, (mails,))
    with SimulatorThread(database, targets, Standing(START), around=around) as simulator:
        yield World(simulator.url, listener)


def person(world: World, does: str, *, who: str = ANNA, **more: object) -> dict[str, Any]:
    """Give somebody a part, and answer it."""
    body = {"service": SERVICE, "who": who, "does": does, **more}
    answer = world.call("POST", "/people", body)
    assert answer.status == 201, answer
    return dict(answer.body)


def mail(mails: Path, text: str, *, to: str = ANNA, operation: str = "op_1", **at: float) -> None:
    """Put a mail into the directory, with its text as mail programs encode it."""
    letter = EmailMessage()
    letter["To"], letter["Subject"] = to, "A mail"
    letter["Date"] = format_datetime(START + timedelta(**at))
    letter["X-Turnup-Cause"] = f"{operation}:await_code:0:deletion_code:{to}"
    letter.set_content(text, cte="base64")
    letter.add_alternative("<p>The same.</p>", subtype="html")
    name = f"{operation}-{to}-{len([*mails.iterdir()])}.eml"
    (mails / name).write_bytes(letter.as_bytes())


def play(world: World) -> list[str]:
    """Let time go on until nobody has anything to do, and tell what came of it."""
    while world.settle()["next_due"]:
        world.move()
    return [str(each["said"]) for each in world.call("GET", "/people").body]


def test_CP_6_an_admin_confirms_by_the_code_in_his_mail(
    world: World, house: House, mails: Path
) -> None:
    person(world, "confirm", mail=1, after="10m")
    mail(mails, f"Your code:\n\n    {CODE}\n\nIt works once.")
    assert play(world) == ["done"]
    assert house.posted == [("/v1/operations/op_1/confirm", {"code": CODE, "actor": ANNA})]


def test_CP_6_an_admin_who_mistypes_sends_another_code(
    world: World, house: House, mails: Path
) -> None:
    person(world, "mistype", mail=1)
    mail(mails, f"    {CODE}\n")
    assert play(world) == ["refused: wrong_code"]
    ((_, body),) = house.posted
    assert body["code"][:-1] == CODE[:-1]
    assert body["code"] != CODE


def test_somebody_acts_so_long_after_what_he_waits_for_and_the_clock_says_when(
    world: World, mails: Path
) -> None:
    person(world, "confirm", mail=1, after="10m")
    assert world.settle()["next_due"] is None
    mail(mails, f"{CODE}\n")
    due_at = datetime.fromisoformat(world.clock()["next_due"])
    assert due_at == START + timedelta(minutes=10)


def test_somebody_at_work_keeps_time_from_going_on(world: World, house: House, mails: Path) -> None:
    person(world, "confirm", mail=1)
    with house.closed():
        mail(mails, f"{CODE}\n")
        assert world.clock()["busy"]
    assert play(world) == ["done"]


@pytest.mark.parametrize("failure", [None, 503])
def test_a_mail_is_read_as_soon_as_the_door_answers_and_time_waits_for_that(
    world: World, house: House, mails: Path, failure: int | None
) -> None:
    person(world, "confirm", mail=1, after="10m")
    mail(mails, f"{CODE}\n")
    # The first is asked again within the client, where the connection broke.
    house.failures = [failure] * 2
    clock = world.clock()
    assert (clock["busy"], clock["next_due"]) == (True, None)
    assert play(world) == ["done"]


@pytest.mark.parametrize("failure", [None, 503])
def test_somebody_whom_our_door_does_not_answer_tries_again(
    world: World, house: House, failure: int | None
) -> None:
    house.failures = [failure] * 3
    person(world, "cancel")
    assert play(world) == ["done"]
    assert house.failures == []
    assert house.posted == [("/v1/operations/op_2/cancel", {"actor": ANNA})]


def test_a_mail_about_nothing_that_is_known_is_nobodys(
    world: World, house: House, mails: Path
) -> None:
    person(world, "confirm", mail=1)
    house.failures = [404]
    mail(mails, f"{CODE}\n")
    assert play(world) == ["None"]
    assert house.posted == []


def test_a_mail_counts_that_has_what_is_needed_for_this_service_and_reader(
    world: World, house: House, mails: Path
) -> None:
    person(world, "confirm", mail=2)
    mail(mails, f"{CODE}\n")
    mail(mails, "There is no code in this one.")
    mail(mails, "11111111\n", to=BRUNO)
    mail(mails, "22222222\n", operation=OTHERS)
    assert play(world) == ["None"]
    mail(mails, "33333333\n", operation="op_2")
    assert play(world) == ["done"]
    assert [path for path, _ in house.posted] == ["/v1/operations/op_2/confirm"]


def test_what_was_mailed_before_his_time_does_not_count(
    world: World, house: House, mails: Path
) -> None:
    later = (START + timedelta(hours=1)).isoformat()
    person(world, "cancel", mail=1, at=later)
    mail(mails, "An early mail.")
    assert play(world) == ["None"]
    mail(mails, "A late one.", operation="op_2", hours=2)
    assert play(world) == ["done"]
    assert house.posted == [("/v1/operations/op_2/cancel", {"actor": ANNA})]


def test_somebody_who_waits_for_nothing_acts_at_his_time(world: World, house: House) -> None:
    person(world, "cancel", at=(START + timedelta(hours=1)).isoformat(), after="5m")
    assert play(world) == ["done"]
    assert world.clock()["now"].startswith("2026-05-29T09:05:00")
    assert house.posted == [("/v1/operations/op_2/cancel", {"actor": ANNA})]


def test_CP_8_the_delivery_department_takes_its_work_order(world: World) -> None:
    person(world, "take", who="Delivery department", call="erase_data", after="3d")
    path = world.running()
    world.change("POST", f"{path}/erase", {"keep": []})
    assert play(world) == ["done"]
    assert world.listener.wait_for(2)[-1].body["kind"] == "data_erased"
    now = datetime.fromisoformat(world.clock()["now"]).astimezone(UTC)
    assert now >= START + timedelta(days=3)


def test_nobody_does_by_himself_what_a_script_has_somebody_for(world: World) -> None:
    person(world, "nothing")
    path = world.running()
    world.change("POST", f"{path}/erase", {"keep": []})
    play(world)
    assert world.call("GET", path).body["erasing"] is True


def test_what_people_do_is_no_effect_of_ours(world: World) -> None:
    world.change("POST", f"{world.running()}/erase", {"keep": []})
    before = world.effects()
    person(world, "take")
    assert play(world) == ["done"]
    assert world.effects() == before


def test_ML_3_without_a_mail_the_code_is_revealed_once(world: World, house: House) -> None:
    house.reveals = ESIM
    person(world, "scan")
    person(world, "scan", who=BRUNO)
    # The vendor knows no such code: what matters here is that the door was asked, as whom.
    assert play(world) == ["refused: unknown_instance", "refused: already_revealed"]
    paths = ["/v1/services/svc_1/reveal"] * 2
    assert house.posted == [
        (path, {"actor": who}) for path, who in zip(paths, (ANNA, BRUNO), strict=True)
    ]


def test_a_secret_is_revealed_to_the_first_who_asks(world: World, house: House) -> None:
    house.reveals = "a secret"
    person(world, "reveal")
    person(world, "reveal", who=BRUNO)
    assert play(world) == ["done", "refused: already_revealed"]
    assert [body["actor"] for _, body in house.posted] == [ANNA, BRUNO]


def test_everything_that_is_wrong_with_a_person_is_said_at_once(world: World) -> None:
    wrong = {"service": "acme", "does": "confirm", "call": "sing", "after": "soon", "hat": "red"}
    answer = world.call("POST", "/people", wrong)
    assert answer.status == 422
    fields = {each["field"].partition(".")[0] for each in answer.body["problems"]}
    assert fields == {"service", "who", "mail", "call", "after", "hat"}


@pytest.mark.parametrize(
    ("more", "field", "says"),
    [
        ({"does": "dance"}, "does", "one of cancel, "),
        ({"does": "cancel", "mail": 1, "call": "erase_data"}, "call", "not for both"),
        ({"does": "cancel", "mail": 0}, "mail", "greater"),
    ],
)
def test_a_fault_of_a_person_says_what_would_be_right(
    world: World, more: dict[str, object], field: str, says: str
) -> None:
    body = {"service": SERVICE, "who": ANNA, **more}
    (problem,) = world.call("POST", "/people", body).body["problems"]
    assert (problem["field"], says in problem["problem"]) == (field, True)


def test_without_mails_nobody_is_played(listener: Listener, database: Path) -> None:
    with SimulatorThread(database, {}, Standing(START)) as simulator:
        body = {"service": SERVICE, "who": ANNA, "does": "nothing"}
        assert World(simulator.url, listener).call("POST", "/people", body).status == 422
