"""The summary and the progress of a day, as they look at 80 and 120 columns and without a terminal."""

import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.day.conduct import Taken
from deploy.day.progress import picture
from deploy.day.report import Report
from deploy.day.script import Kind, Line, NoCommand, Place
from deploy.day.summary import tell
from producers.intake import Answer, CustomerStored
from schema.errors import Fault, Refusal
from schema.ids import key_of
from schema.store.order import Accepted
from schema.store.tally import Tally
from tests.deploy.views import BEGIN, SERVICE, TICKET, at, operation

PICTURES = Path(__file__).parent / "test_run_pictures"


def taken(number: int, verb: str, subject: str, answer: Answer, later: int = 0) -> Taken:
    event = {"type": f"turnup.cloud_pbx.{verb}", "subject": subject}
    place, when = Place(number, f"line {number}"), BEGIN + timedelta(minutes=later)
    return Taken(Line(place, Kind.COMMAND, event, when), answer)


def accepted(name: str, *, again: bool = False) -> Accepted:
    return Accepted(key_of("op", name), "cloud_pbx", is_repeat=again)


BUSY = Refusal(
    "busy",
    409,
    "activate op_2 is under way on this service until 2026-05-30T00:05:00Z at the latest",
)
FAULTY = Refusal(
    "invalid", 422, "the input has 2 faults",
    (Fault("/data/name", "is missing"), Fault("/data/extensions", "Input should be 1 or more")),
)  # fmt: skip
NO_JSON = Refusal("malformed", 400, "this line is no JSON: Expecting value at column 1")

OPERATIONS = [
    operation(id="op_1", overdue=False, outcome="on_time", ended_at=at(minutes=4, seconds=31)),
    operation(id="op_2"),
    operation(
        id="op_3", state="waiting", ended_at=None, outcome=None, reason="the instances are starting"
    ),
    operation(id="op_4", state="failed", outcome="failed", reason="the platform refused: no_room"),
    operation(id="op_5", outcome="already", ended_at=BEGIN, overdue=False),
    operation(id="op_6", state="waiting", ended_at=None, outcome=None, reason="parked"),
]
OPEN = {"state": "open", "resolved_at": None}
TICKETS = {
    "op_2": TICKET,
    "op_3": TICKET.model_copy(update=OPEN),
    "op_4": TICKET.model_copy(update={**OPEN, "severity": "high"}),
}
REPORT = Report(
    start=BEGIN,
    end=at(days=1),
    taken=[
        Taken(Line(Place(0, "line 1"), Kind.CUSTOMER, {}, BEGIN), CustomerStored("acme", 1, changed=True)),
        taken(2, "activate", "acme/pbx-1", accepted("op_1")),
        taken(3, "deactivate", "acme/a-telephone-system-with-a-long-name", accepted("op_2")),
        taken(4, "activate", "acme/pbx-2", accepted("op_3")),
        taken(5, "activate", "acme/pbx-3", accepted("op_4"), 5),
        taken(6, "activate", "acme/pbx-1", accepted("op_5"), 12),
        taken(7, "activate", "acme/pbx-1", accepted("op_1", again=True), 12),
        taken(7, "activate", "acme/pbx-6", accepted("op_6"), 12),
        taken(8, "activate", "acme/pbx-2", BUSY, 13),
        taken(10, "activate", "acme/pbx-4", FAULTY, 14),
    ],
    wrong=[NoCommand(Place(9, "line 9"), NO_JSON)],
    faults=2,
    operations={each.id: each for each in OPERATIONS},
    tickets=TICKETS,
    services=[SERVICE],
    effects=12,
    broken=(),
)  # fmt: skip


def held_against(name: str, shown: str) -> None:
    """Compare with a picture; one that does not exist is painted, and looked at before it is kept."""
    said = "".join(f"{line.rstrip()}\n" for line in shown.splitlines())
    picture = PICTURES / name
    if not picture.exists():
        picture.parent.mkdir(exist_ok=True)
        picture.write_text(said, encoding="utf-8")
        pytest.fail(f"{picture} was painted")
    assert said == picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 120])
def test_the_summary_fits_a_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm")  # a dumb one is always 80 columns wide for Rich
    tell(REPORT)
    held_against(f"run-{width}.txt", re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out))


def test_the_summary_is_plain_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    tell(REPORT)
    held_against("run-plain.txt", capsys.readouterr().out)


def test_what_is_broken_ends_with_1_and_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    report = replace(REPORT, wrong=(), broken=("i4: op_1 ended twice",))
    tell(report)
    assert report.exit_code == 1
    assert "i4: op_1 ended twice" in capsys.readouterr().out


def test_a_refused_command_is_no_failure_of_the_run() -> None:
    assert replace(REPORT, wrong=()).exit_code == 0
    assert REPORT.exit_code == 1


def test_a_day_that_was_stopped_is_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    report = replace(REPORT, is_whole=False)
    tell(report)
    assert report.exit_code == 130
    assert "nothing was checked" in capsys.readouterr().out


def test_text_from_outside_does_not_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil = taken(2, "activate", "acme/\x1b[2J", FAULTY)
    tell(replace(REPORT, taken=(evil,)))
    assert "\x1b" not in capsys.readouterr().out


def test_a_long_day_is_told_by_what_did_not_go_smoothly(capsys: pytest.CaptureFixture[str]) -> None:
    many = [
        taken(number, "activate", f"acme/s-{number}", accepted("op_1")) for number in range(200)
    ]
    tell(replace(REPORT, taken=[*many, *REPORT.taken]))
    said = capsys.readouterr().out
    assert "Commands that did not go smoothly" in said
    assert "acme/s-7" not in said


@pytest.mark.parametrize("height", [10, 4])
def test_the_progress_fits_the_terminal(height: int) -> None:
    names = ("brambilla", "sonnleitner", "a-customer-with-a-very-long-name", "petersen")
    tallies = [Tally(name, 10, 7, 2, count, count) for count, name in enumerate(names)]
    console = Console(width=80, no_color=True, record=True, file=StringIO())
    console.print(picture(BEGIN, tallies, height))
    shown = console.export_text()
    assert len(shown.splitlines()) <= height
    held_against(f"run-progress-{height}.txt", shown)
