"""What people see, at 80 and 120 columns and without a terminal."""

import json
from datetime import timedelta

import pytest
import structlog

from deploy.commands.lists import OPERATION_COLUMNS, operation_row
from deploy.display.operation import (
    operation_head,
    service_head,
    ticket_whole,
    timeline,
)
from deploy.display.screen import plain, print_json, print_json_list, print_table, say
from deploy.display.words import STYLES, clean, length, relative, state
from deploy.logs import configure_logs
from tests.deploy.views import BEGIN, HISTORY, SERVICE, TICKET, at, line, operation

NOW = at(hours=2)

HEAD = """\
op_1k  cloud_pbx deactivate  acme/pbx-1  succeeded (late)
  accepted  2026-05-29 23:50:00Z  2h ago
  deadline  2026-05-30 00:05:00Z  missed by 2m 30s
  ended     2026-05-30 00:07:30Z  after 17m 30s
  asked by  maria@acme.example, from crm
"""

TIMELINE = """\
     2026-05-29
  1  23:50:00Z             accepted  by maria@acme.example
  2  23:50:00Z     +120ms  begun  accepted → running  by worker
  3  23:50:02Z        +2s  step done refuse_access  by worker
  4  23:50:02Z             retry deregister_extensions  running → waiting: the \
platform does not answer (503), next try in 30 s  by worker
     2026-05-30
  5  00:05:00Z   +14m 58s  overdue: the deadline was missed  by waker
  6  00:07:30Z    +2m 30s  succeeded  by worker
"""

TIMELINE_80 = """\
     2026-05-29
  1  23:50:00Z             accepted  by maria@acme.example
  2  23:50:00Z     +120ms  begun  accepted → running  by worker
  3  23:50:02Z        +2s  step done refuse_access  by worker
  4  23:50:02Z             retry deregister_extensions  running → waiting: the
                           platform does not answer (503), next try in 30 s  by
                           worker
     2026-05-30
  5  00:05:00Z   +14m 58s  overdue: the deadline was missed  by waker
  6  00:07:30Z    +2m 30s  succeeded  by worker
"""

TICKET_SHOWN = """\
tkt_1  resolved  Cloud PBX acme/pbx-1: deactivate is late
  desk      provider support, severity normal
  opened    2026-05-30 00:05:00Z  1h 45m ago
  resolved  2026-05-30 00:07:30Z  1h 42m ago

  Operation: op_1k (cloud_pbx deactivate)
  Service:   acme/pbx-1

  Turnup goes on trying.

  2026-05-30 00:07:30Z  Finished late.
"""

LIST = """\
id     operation             service     state           when              ticket
op_1k  cloud_pbx deactivate  acme/pbx-1  succeeded late  ended 1h 42m ago  tkt_1
op_1k  cloud_pbx deactivate  acme/pbx-2  waiting         due in 1d 22h
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal without colours; its width is set with COLUMNS."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "80")
    return monkeypatch


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, without spaces at the ends of lines."""
    return "".join(f"{each.rstrip()}\n" for each in capsys.readouterr().out.splitlines())


def test_an_operation_is_read_at_a_glance(capsys: pytest.CaptureFixture[str]) -> None:
    say(operation_head(operation(), NOW))
    assert capsys.readouterr().out == HEAD


@pytest.mark.usefixtures("terminal")
def test_an_operation_looks_the_same_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(operation_head(operation(), NOW))
    assert shown(capsys) == HEAD


def test_one_under_way_shows_its_step_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    going = {"state": "waiting", "ended_at": None, "step": "switch_off_instances", "attempt": 3}
    say(operation_head(operation(**going, overdue=True, reason="parked"), NOW))
    out = capsys.readouterr().out
    assert "waiting (parked)" in out
    assert "deadline  2026-05-30 00:05:00Z  1h 45m ago  overdue" in out
    assert "step      switch_off_instances, 3 failed tries" in out


def test_one_in_time_shows_what_was_to_spare(capsys: pytest.CaptureFixture[str]) -> None:
    say(operation_head(operation(overdue=False, ended_at=at(minutes=5)), NOW))
    assert "deadline  2026-05-30 00:05:00Z  met, 10m to spare" in capsys.readouterr().out


def test_a_history_reads_as_a_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    say(timeline(HISTORY))
    assert capsys.readouterr().out == TIMELINE


def test_a_history_fits_eighty_columns(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", "80")
    say(timeline(HISTORY))
    assert shown(capsys) == TIMELINE_80


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_terminal(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    terminal.setenv("COLUMNS", str(width))
    long = operation(subject="a-customer-with-a-very-long-name/and-a-reference-as-long-0001")
    say(service_head(SERVICE, NOW), timeline(HISTORY), ticket_whole(TICKET, NOW))
    print_table(OPERATION_COLUMNS, [operation_row(each, NOW) for each in (operation(), long)])
    out = shown(capsys)
    assert max(len(each) for each in out.splitlines()) <= width
    assert "op_1k" in out
    assert "succeeded late" in out


def test_a_ticket_shows_all_that_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    say(ticket_whole(TICKET, NOW))
    assert capsys.readouterr().out == TICKET_SHOWN


def test_a_list_is_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    going = operation(
        subject="acme/pbx-2",
        state="waiting",
        overdue=False,
        ended_at=None,
        deadline_at=at(days=2),
        ticket=None,
    )
    print_table(OPERATION_COLUMNS, [operation_row(each, NOW) for each in (operation(), going)])
    assert capsys.readouterr().out == LIST


def test_text_from_outside_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say(timeline([line(1, BEGIN, "retry", why="\x1b[31mred\x07\x9b31m")]))
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b"} & set(out)
    assert clean("two\nlines") == "two\nlines"


def test_every_state_has_its_colour() -> None:
    states = ("accepted", "running", "waiting", "succeeded", "failed", "cancelled")
    colours = [str(state(each).style) for each in states]
    assert all(colours)
    assert len({*colours}) == len(states)
    assert str(state("overdue").style) == STYLES["failed"]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(0), "0ms"),
        (timedelta(milliseconds=350), "350ms"),
        (timedelta(seconds=59, milliseconds=998), "1m"),
        (timedelta(minutes=90), "1h 30m"),
        (timedelta(days=1, hours=23, minutes=59, seconds=59.9), "2d"),
        (timedelta(days=2, minutes=5), "2d"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert length(span) == said


def test_a_moment_is_told_from_now() -> None:
    assert relative(at(minutes=-3), BEGIN) == "3m ago"
    assert relative(at(minutes=3), BEGIN) == "in 3m"
    assert relative(BEGIN, BEGIN) == "now"


def test_json_is_what_the_http_door_says(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"history": HISTORY[:1], "operation": operation()})
    told = json.loads(capsys.readouterr().out)
    assert told["history"][0]["to"] == "accepted"
    assert told["operation"]["accepted_at"] == "2026-05-29T23:50:00Z"


def test_a_long_list_is_one_json_array(capsys: pytest.CaptureFixture[str]) -> None:
    print_json_list([])
    assert json.loads(capsys.readouterr().out) == []
    print_json_list(iter([operation(), operation(id="op_2")]))
    assert [each["id"] for each in json.loads(capsys.readouterr().out)] == ["op_1k", "op_2"]
    assert plain((1, None)) == [1, None]


def test_logs_go_beside_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    structlog.get_logger().info("step_done", operation="op_1")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "step_done"
