"""The script of a day: which lines go in when."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.day.script import (
    Kind,
    Line,
    Place,
    Script,
    UnusableScript,
    fault_body,
    groups,
    is_no_command,
    person_body,
    read_script,
    read_start,
)
from schema.errors import Fault, Refusal
from tests.deploy.orders import activate, customer, event, write

EIGHT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def timed(line: str, minutes: int) -> str:
    """Return a line with its time."""
    at = (EIGHT + timedelta(minutes=minutes)).isoformat()
    return json.dumps({**json.loads(line), "time": at})


def script(*lines: str, start: datetime | None = None) -> Script:
    return read_script([Path(write(*lines))], start)


def names(read: Script) -> list[str]:
    return [line.place.name for line in read.lines]


def test_a_day_begins_with_its_earliest_line() -> None:
    read = script(customer(), timed(activate(1), 5), timed(activate(2), 2))
    assert read.start == EIGHT + timedelta(minutes=2)


def test_lines_go_in_by_time_and_in_the_order_of_the_file_at_the_same_instant() -> None:
    read = script(timed(activate(1), 5), customer(), timed(activate(2), 2), timed(activate(3), 5))
    assert names(read) == ["line 2", "line 3", "line 1", "line 4"]


def test_a_line_without_a_time_or_from_before_the_start_goes_in_at_the_start() -> None:
    start = EIGHT + timedelta(hours=1)
    read = script(activate(1), timed(activate(2), 5), start=start)
    assert [line.at for line in read.lines] == [start, start]


def test_lines_of_several_files_are_named_with_their_file() -> None:
    file = Path(write(customer()))
    assert names(read_script([file, file], EIGHT)) == ["orders.jsonl:1", "orders.jsonl:1"]


def test_a_time_that_no_deadline_reaches_is_refused() -> None:
    line = json.dumps({**json.loads(activate(1)), "time": "9999-01-01T00:00:00Z"})
    (wrong,) = script(line).wrong
    assert [fault.pointer for fault in wrong.refusal.faults] == ["/time"]


def test_a_person_counts_from_the_time_of_his_line_unless_it_says_otherwise() -> None:
    line = timed(event("p", "simulator.person", "x", who="Anna", does="cancel"), 5)
    later = timed(event("p", "simulator.person", "x", at="2026-05-04T09:00:00Z"), 5)
    first, second = script(line, later).lines
    assert person_body(first) == {"at": "2026-05-04T08:05:00Z", "who": "Anna", "does": "cancel"}
    assert person_body(second) == {"at": "2026-05-04T09:00:00Z"}


@pytest.mark.parametrize("kind", ["fault", "person"])
def test_what_only_the_simulator_takes_is_a_cloudevent_too(kind: str) -> None:
    (wrong,) = script(f'{{"type": "turnup.simulator.{kind}"}}').wrong
    pointers = {fault.pointer for fault in wrong.refusal.faults}
    assert pointers == {"/specversion", "/id", "/source"}


def test_neighbours_of_one_kind_and_time_go_in_together() -> None:
    fault = event("f", "simulator.fault", "x", product="cloud_pbx", fault="never")
    read = script(customer(), activate(1), activate(2), fault, activate(3), start=EIGHT)
    kinds = [(group[0].kind, len(group)) for group in groups(read.lines, 500)]
    assert kinds == [(Kind.CUSTOMER, 1), (Kind.COMMAND, 2), (Kind.FAULT, 1), (Kind.COMMAND, 1)]


def test_a_large_group_goes_in_in_parts() -> None:
    read = script(*map(activate, range(5)), start=EIGHT)
    assert [len(group) for group in groups(read.lines, 2)] == [2, 2, 1]


@pytest.mark.parametrize(
    ("until", "meant"),
    [("30m", "2026-05-04T08:30:00Z"), ("2026-05-04T09:00:00Z", "2026-05-04T09:00:00Z"), (7, 7)],
)
def test_a_fault_ends_at_a_time_or_so_long_after_its_line(until: object, meant: object) -> None:
    body = {"data": {"product": "cloud_pbx", "until": until}}
    line = Line(Place(0, "line 1"), Kind.FAULT, body, EIGHT)
    assert fault_body(line)["until"] == meant


def test_a_day_that_is_moved_keeps_all_distances() -> None:
    fault = event("f", "simulator.fault", "x", product="p", until="2026-05-04T09:00:00Z")
    moved = script(timed(fault, 5), start=EIGHT).moved_to(EIGHT + timedelta(days=1))
    assert moved.lines[0].at == EIGHT + timedelta(days=1, minutes=5)
    assert fault_body(moved.lines[0])["until"] == "2026-05-05T09:00:00Z"


@pytest.mark.parametrize(
    "written", ["", "soon", "2026-05-04T08:00:00", "1777881600", "9999-01-01T00:00:00Z"]
)
def test_a_start_is_a_time_with_a_zone(written: str) -> None:
    with pytest.raises(UnusableScript, match="--start"):
        read_start(written)


@pytest.mark.parametrize(
    ("reason", "pointer", "is_none"),
    [
        ("malformed", None, True),
        ("unknown_product", "/type", True),
        ("verb_not_supported", "/type", True),
        ("invalid", "/specversion", True),
        ("invalid", "/subject", False),
        ("invalid", "/data/name", False),
        ("invalid", "/data_base64", True),
        ("key_reused", "/id", False),
        ("busy", None, False),
    ],
)
def test_what_is_no_command_is_told_from_what_is_refused(
    reason: str, pointer: str | None, *, is_none: bool
) -> None:
    faults = (Fault(pointer, "is wrong"),) if pointer else ()
    assert is_no_command(Refusal(reason, 422, "no", faults)) is is_none
