"""What people see, at 80 and 120 columns and without a terminal."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from deploy.commands.lists import print_operations, print_tickets
from deploy.display.operation import (
    operation_head,
    service_head,
    ticket_whole,
    timeline,
)
from deploy.display.screen import plain, print_json, print_json_list, print_table, program, say
from deploy.display.words import STYLES, briefly, clean, length, plainly, relative, state
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
id     command     service                             state           when        ticket
op_1k  deactivate  acme/pbx-1                          succeeded late  2h ago      tkt_1
op_1k  deactivate  acme/a-telephone-system-of-the-hub  waiting         due in 2d
op_1k  deactivate  acme/pbx-1                          parked late     due 2h ago  tkt_1
"""

LIST_80 = """\
id     command     service                        state           when
────────────────────────────────────────────────────────────────────────────
op_1k  deactivate  acme/pbx-1                     succeeded late  2h ago
op_1k  deactivate  acme/                          waiting         due in 2d
                   a-telephone-system-of-the-hub
op_1k  deactivate  acme/pbx-1                     parked late     due 2h ago
"""

LIST_120 = """\
id     command     service                             state           when        ticket
─────────────────────────────────────────────────────────────────────────────────────────
op_1k  deactivate  acme/pbx-1                          succeeded late  2h ago      tkt_1
op_1k  deactivate  acme/a-telephone-system-of-the-hub  waiting         due in 2d
op_1k  deactivate  acme/pbx-1                          parked late     due 2h ago  tkt_1
"""

OPERATIONS = (
    operation(),
    operation(
        subject="acme/a-telephone-system-of-the-hub",
        state="waiting",
        overdue=False,
        ended_at=None,
        deadline_at=at(days=2),
        ticket=None,
    ),
    operation(state="waiting", reason="parked", ended_at=None),
)

TICKETS = """\
id     state           opened  operation  service     title
───────────────────────────────────────────────────────────────────────────────
tkt_1  resolved        2h ago  op_1k      acme/pbx-1  deactivate is late
tkt_1  resolved, high  2h ago  op_1k      acme/pbx-1  deactivate needs a person
"""


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal without colours; its width is set with COLUMNS."""
    for name, value in (("FORCE_COLOR", "1"), ("NO_COLOR", "1"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TERM", "xterm")  # a dumb one is always 80 columns wide for Rich
    return monkeypatch


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was printed, without spaces at the ends of lines."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    return "".join(f"{each.rstrip()}\n" for each in plain.splitlines())


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
    assert "step      switch_off_instances, 3 failed tries\n" in out


def test_one_that_is_tried_again_shows_when(capsys: pytest.CaptureFixture[str]) -> None:
    going = {"state": "waiting", "ended_at": None, "step": "switch_off_instances", "attempt": 1}
    say(operation_head(operation(**going, next_try_at=NOW + timedelta(minutes=2)), NOW))
    out = capsys.readouterr().out
    assert "switch_off_instances, 1 failed try; tries again at 2026-05-30 01:52:00Z  in 2m" in out


def test_one_in_time_shows_what_was_to_spare(capsys: pytest.CaptureFixture[str]) -> None:
    say(operation_head(operation(overdue=False, ended_at=at(minutes=5)), NOW))
    assert "deadline  2026-05-30 00:05:00Z  met, 10m to spare" in capsys.readouterr().out


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_one_that_did_not_succeed_has_met_no_deadline(
    capsys: pytest.CaptureFixture[str], end: str
) -> None:
    say(operation_head(operation(state=end, overdue=False, ended_at=at(minutes=5)), NOW))
    out = capsys.readouterr().out
    assert f"deadline  2026-05-30 00:05:00Z  not met: {end} 10m before it" in out


@pytest.mark.parametrize(
    ("known", "read"),
    [
        (False, "no"),
        ([], "none"),
        (["voicemail", "park"], "voicemail; park"),
        ([{"kind": "pickup", "role": None, "on_hold": True}], "kind pickup, on hold yes"),
        (7, "7"),
        (
            {"number": "+390612345001", "for": ["+4989123456"]},
            "number 06 1234 5001, for +49 89 123456",
        ),
    ],
)
def test_what_is_known_of_a_service_reads_as_words(known: object, read: str) -> None:
    assert plainly(known, "IT") == read


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
    print_operations([operation(), long], NOW)
    out = shown(capsys)
    assert max(len(each) for each in out.splitlines()) <= width
    assert "op_1k" in out
    assert "succeeded late" in out


def test_what_people_do_goes_on_below_itself_before_a_service_is_broken_or_the_time_left_out(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.setenv("COLUMNS", "80")
    names = ("time", "who", "does", "service", "became")
    act = ("06-01 12:05", "Delivery department", "fetch configuration", "brambilla/ferrari")
    print_table(names, [(*act, "refused: too many wrong codes")])
    out = shown(capsys)
    assert "06-01 12:05" in out
    assert "brambilla/ferrari" in out
    assert max(len(each) for each in out.splitlines()) <= 80


def test_a_ticket_shows_all_that_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    say(ticket_whole(TICKET, NOW))
    assert capsys.readouterr().out == TICKET_SHOWN


@pytest.mark.usefixtures("terminal")
def test_what_a_ticket_lists_goes_on_below_itself(capsys: pytest.CaptureFixture[str]) -> None:
    body = f"Reason:     {'word ' * 20}\n\n- {'word ' * 20}\n- short"
    say(ticket_whole(TICKET.model_copy(update={"body": body, "comments": ()}), NOW))
    lines = shown(capsys).splitlines()[-6:]
    assert [len(each) - len(each.lstrip()) for each in lines] == [2, 14, 0, 2, 4, 2]


def test_a_list_is_plain_lines_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_operations(OPERATIONS, NOW)
    assert capsys.readouterr().out == LIST


@pytest.mark.parametrize(("width", "looks"), [(80, LIST_80), (120, LIST_120)])
def test_a_list_folds_no_name_and_goes_without_what_it_can_spare(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int, looks: str
) -> None:
    terminal.setenv("COLUMNS", str(width))
    print_operations(OPERATIONS, NOW)
    assert shown(capsys) == looks


def test_a_list_of_all_products_keeps_what_matters_most_at_eighty_columns(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    going = {"state": "waiting", "ended_at": None, "next_try_at": NOW + timedelta(minutes=5)}
    found = [operation(verb="report_lost", subject="brambilla/bianchi"), operation(**going)]
    for width, product in ((80, False), (100, True), (120, True), (160, True)):
        terminal.setenv("COLUMNS", str(width))
        print_operations(found, NOW, many_products=True)
        head, _, first, *others = shown(capsys).splitlines()
        assert ("product" in head.split()) is product
        assert re.search("report_lost +brambilla/bianchi +succeeded late +2h ago +tkt_1$", first)
        assert "in 5m" in "".join(others)


@pytest.mark.usefixtures("terminal")
def test_a_list_goes_without_its_products_before_it_breaks_a_service_or_loses_its_tickets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ("id", "product", "command", "service", "state", "when", "ticket")
    row = ("delete_workspace", "brambilla/a-long-name-of-a-place", "succeeded late", "7d", "tkt_3")
    print_table(names, [("op_1g", "mobile_line", *row)])
    head, _, *lines = shown(capsys).splitlines()
    assert ("product" in head, "ticket" in head, len(lines)) == (False, True, 2)
    print_table(names[1:], [("mobile_line" * 5, *row)])
    assert "mobile_line" in shown(capsys), "the first column says which row is which"


def test_a_list_names_the_product_where_there_are_several(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_operations(OPERATIONS, NOW, many_products=True)
    names, first, *_ = capsys.readouterr().out.splitlines()
    assert names.split()[:3] == ["id", "product", "command"]
    assert first.split()[:3] == ["op_1k", "cloud_pbx", "deactivate"]


@pytest.mark.usefixtures("terminal")
def test_tickets_name_their_operation_and_fit_eighty_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    high = {"severity": "high", "title": "Cloud PBX acme/pbx-1: deactivate needs a person"}
    print_tickets([TICKET, TICKET.model_copy(update=high)], NOW)
    assert shown(capsys) == TICKETS


@pytest.mark.usefixtures("terminal")
def test_an_id_is_whole_in_the_narrowest_terminal(
    terminal: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    high = {"id": "tkt_1234567890ab", "severity": "high"}
    for width in ("60", "20"):
        terminal.setenv("COLUMNS", width)
        print_tickets([TICKET.model_copy(update=high)], NOW)
        assert "\ntkt_1234567890ab  resolved, high  op_1k" in shown(capsys)


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


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(milliseconds=300), "now"),
        (timedelta(seconds=59.7), "in 1m"),
        (timedelta(minutes=-80), "1h ago"),
        (timedelta(hours=-13), "13h ago"),
        (timedelta(hours=-23, minutes=-52), "1d ago"),
        (timedelta(days=40), "in 40d"),
    ],
)
def test_a_column_tells_a_moment_in_one_unit(later: timedelta, said: str) -> None:
    assert briefly(BEGIN + later, BEGIN) == said


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


def test_commands_to_paste_name_the_program_as_it_is_found_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "bin" / "turnup"
    installed.parent.mkdir()
    installed.touch(mode=0o700)
    monkeypatch.setattr("sys.argv", [str(installed)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == "bin/turnup"
    monkeypatch.setenv("PATH", str(installed.parent))
    assert program() == "turnup"
    monkeypatch.setattr("sys.argv", ["-c"])
    assert program() == "turnup"


def test_logs_go_beside_the_answers(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    structlog.get_logger().info("step_done", operation="op_1")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "step_done"
