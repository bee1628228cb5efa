"""`turnup run` as it is started: the same summary every time, a database of its own, and clear words."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from schema.discovery import find_products
from schema.sealing import new_key
from schema.store.clock import business_now, read_times
from schema.store.database import Database
from schema.store.histories import operation_history, service_history
from schema.store.reads import (
    OperationFilter,
    ServiceFilter,
    Span,
    TicketFilter,
    list_operations,
    list_services,
    list_tickets,
)
from schema.store.versions import upgrade
from tests.deploy.orders import activate, customer, event, write
from tests.house.sources import ROOT
from tests.servers.postgres import PostgresServer

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from deploy.cli import main; main()"
FIRST_DAY = ROOT / "deploy" / "examples" / "first-day.jsonl"
ALL = Span(10_000)

Ended = subprocess.CompletedProcess[str]


def start(place: Path, *arguments: str, seed: str = "0", **more: str) -> "subprocess.Popen[str]":
    """Start `turnup run` in a directory, with more settings if need be."""
    return subprocess.Popen(
        (sys.executable, "-c", START, str(ROOT), "run", *arguments),
        cwd=place,
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", "PYTHONHASHSEED": seed, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str, **more: str) -> Ended:
    """Run to the end in this directory."""
    return finish(start(Path.cwd(), *arguments, **more))[0]


def finish(*runs: "subprocess.Popen[str]") -> list[Ended]:
    """Wait for the end of all; none outlives a test that has waited for too long."""
    with ExitStack() as stack:
        for each in runs:
            stack.enter_context(each)
            stack.callback(each.kill)
        said = [each.communicate(timeout=110) for each in runs]
        return [
            subprocess.CompletedProcess(each.args, each.returncode, *told)
            for each, told in zip(runs, said, strict=True)
        ]


@dataclass(frozen=True)
class Day:
    """What one run said and left."""

    code: int
    summary: str
    left: Mapping[str, Any]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Day, Day]:
    """The first day, twice: at once, so that each run is the other's load, and under other hash seeds."""
    places = [tmp_path_factory.mktemp(f"day{seed}") for seed in "12"]
    runs = [start(place, str(FIRST_DAY), seed=place.name[3]) for place in places]
    first, second = (
        Day(each.returncode, each.stdout, left(place / "turnup.db"))
        for each, place in zip(finish(*runs), places, strict=True)
    )
    return first, second


def left(path: Path) -> Mapping[str, Any]:
    """Return everything that a run has stored."""
    database = Database(f"sqlite:///{path}")
    with database.look() as connection:
        operations = list_operations(connection, OperationFilter(), ALL)
        services = list_services(connection, find_products(), ServiceFilter(), ALL)
        found: dict[str, Any] = {
            each.id: operation_history(connection, each.id) for each in operations
        }
        found |= {each.id: service_history(connection, each.id) for each in services}
        found["operations"], found["services"] = operations, services
        found["tickets"] = list_tickets(connection, TicketFilter(), ALL)
        found["now"] = business_now(connection)
    database.close()
    return found


def test_the_first_day_ends_the_same_in_every_run(days: tuple[Day, Day]) -> None:
    first, second = days
    assert first.code == second.code == 0
    assert first.summary == second.summary


def test_every_history_is_the_same_in_every_run(days: tuple[Day, Day]) -> None:
    first, second = days
    assert first.left == second.left


@pytest.mark.parametrize(
    "told",
    [
        "30 commands for 3 customers",
        "done on time",
        "done late: each had a ticket, which resolved itself",
        "late and not done yet: each has a ticket, open until it is done",
        "failed for good",
        "so already",
        "sent again",
        "refused at the door",
        "/data/extensions",
        "busy",
        "none of them twice",
        "turnup show op_",
    ],
)
def test_the_first_day_has_all_that_can_happen(days: tuple[Day, Day], told: str) -> None:
    assert told in days[0].summary


def test_the_summary_says_nothing_about_this_machine(days: tuple[Day, Day]) -> None:
    assert f"{datetime.now(UTC):%Y-%m-%d}" not in days[0].summary


def test_a_ticket_is_waited_for_a_whole_day(days: tuple[Day, Day]) -> None:
    tickets = days[0].left["tickets"]
    last = max(
        each.opened_at for each in tickets if each.state == "open" and each.title.endswith("late")
    )
    assert days[0].left["now"] == last + timedelta(hours=24)


def test_what_cannot_be_taken_is_named_with_its_line_and_the_rest_is_done(tmp_path: Path) -> None:
    fault = event("f", "simulator.fault", "acme/pbx-1", product="cloud_pbx", fault="flood")
    person = event("p", "simulator.person", "acme/pbx-1")
    fax = event("x", "fax.activate", "acme/pbx-1")
    file = write(customer(), "{", fault, person, activate(1), '{"specversion": "0.3"}', fax)
    ended = run(file)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "1  done on time" in ended.stdout
    for number, why in (
        (2, "no JSON"),
        (3, "flood"),
        (4, "nobody can be played so"),
        (6, "fault"),
        (7, "no product"),
    ):
        (told,) = (line for line in ended.stdout.splitlines() if line.startswith(f"line {number} "))
        assert why in told or why == "flood"


def test_a_database_of_an_earlier_run_is_renamed_with_all_that_belongs_to_it(
    tmp_path: Path,
) -> None:
    file = write(customer(), activate(1, name=""))
    assert run(file).returncode == 0
    key = Path("turnup.db.key").read_bytes()
    ended = run(file)
    assert ended.returncode == 0
    assert "is now turnup.db.1" in ended.stderr
    assert Path("turnup.db.1.key").read_bytes() == key
    assert Path("turnup.db.1.simulator").exists()
    assert left(Path("turnup.db.1"))["operations"] == []


def test_any_other_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = Database("sqlite:///turnup.db")
    upgrade(database, movable_clock=True)
    database.close()
    ended = run(write(customer()))
    (line,) = ended.stderr.splitlines()
    assert ended.returncode == 2
    assert "was not left by turnup run" in line
    assert not Path("turnup.db.1").exists()


@pytest.mark.parametrize("arguments", [("nowhere.jsonl",), ("orders.jsonl", "--start", "soon")])
def test_what_cannot_be_used_is_one_line(arguments: tuple[str, ...], tmp_path: Path) -> None:
    write(customer())
    ended = run(*arguments)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert not Path("turnup.db").exists()


def test_a_day_begins_when_it_is_told_to(tmp_path: Path) -> None:
    ended = run(write(customer(), activate(1, name="")), "--start", "2031-02-03T10:00:00+01:00")
    assert "Mon 2031-02-03 09:00:00Z to Mon 2031-02-03 09:00:00Z" in ended.stdout
    assert left(Path("turnup.db"))["now"] == datetime(2031, 2, 3, 9, tzinfo=UTC)


def test_in_real_time_the_clock_is_that_of_this_machine(tmp_path: Path) -> None:
    later = activate(1, name="").replace('"data"', '"time": "2026-05-04T08:00:00.300Z", "data"')
    first = activate(2, name="").replace('"data"', '"time": "2026-05-04T08:00:00Z", "data"')
    begun = datetime.now(UTC)
    ended = run(write(customer(), first, later), "--real-time")
    assert ended.returncode == 0
    assert "2  refused" in ended.stdout
    database = Database("sqlite:///turnup.db")
    with database.look() as connection:
        assert not read_times(connection).is_standing
        assert business_now(connection) > begun + timedelta(seconds=0.3)
    database.close()


def test_a_day_can_be_stopped_and_says_how_far_it_came(tmp_path: Path) -> None:
    started = start(tmp_path, write(customer(), activate(1)), "--real-time")
    assert started.stderr is not None
    assert "0 of 1 ended" in started.stderr.readline()
    started.send_signal(signal.SIGINT)
    said, complained = started.communicate(timeout=30)
    assert started.returncode == 130
    assert "stopped before its end" in said
    assert "Traceback" not in complained


def test_on_postgresql_only_an_empty_database_is_taken(postgres_server: PostgresServer) -> None:
    settings = {
        "TURNUP_DATABASE_URL": postgres_server.create_database(),
        "TURNUP_SECRET_KEYS": str(new_key()),
    }
    file = write(customer(), activate(1))
    first, second = run(file, **settings), run(file, **settings)
    assert (first.returncode, first.stderr.count("Traceback")) == (0, 0)
    assert "1  done on time" in first.stdout
    assert second.returncode == 2
    assert "is not empty" in second.stderr
