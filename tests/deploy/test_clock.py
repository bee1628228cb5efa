"""Moving business time by hand: through everything that is due on the way."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from schema.store.clock import MoveTime, RunTime, business_now
from schema.store.database import Database
from schema.store.waking import due_operations
from schema.store.writer import Writer
from tests.deploy.orders import activate, boot, customer, end, write, written
from tests.deploy.views import BEGIN
from tests.house.sources import ROOT

SQLITE = "sqlite:///turnup.db"
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from deploy.cli import main; main()"


def turnup(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def read(*arguments: str) -> Any:
    result = turnup(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def writer() -> Iterator[Writer]:
    """A new database whose time stands in the year 2080, and a writer on it."""
    assert turnup("db", "upgrade", "--movable-clock").exit_code == 0
    with written(Database(SQLITE)) as made:
        made.store(MoveTime(BEGIN.replace(year=2080)))
        yield made


def now() -> datetime:
    return datetime.fromisoformat(read("clock", "show")["now"])


@pytest.mark.usefixtures("writer")
def test_standing_time_moves_by_a_length_and_goes_on_standing() -> None:
    before = now()
    assert read("clock", "skip", "2d")["standing"]
    assert now() == before + timedelta(days=2)


@pytest.mark.usefixtures("writer")
def test_standing_time_moves_to_a_moment() -> None:
    assert read("clock", "set", "2080-12-24T18:00:00+01:00")["now"] == "2080-12-24T17:00:00Z"


def test_running_time_goes_on_running(writer: Writer) -> None:
    writer.store(RunTime())
    assert not read("clock", "skip", "1h")["standing"]


def test_time_that_stands_runs_on_from_where_it_stood() -> None:
    turnup("db", "upgrade", "--movable-clock")
    with written(Database(SQLITE)) as made:
        made.store(MoveTime(BEGIN.replace(year=2080)))
    assert not read("clock", "run")["standing"]
    assert timedelta(0) <= now() - BEGIN.replace(year=2080) < timedelta(minutes=5)
    assert not read("clock", "run")["standing"]


def test_a_fixed_clock_is_not_told_to_run() -> None:
    turnup("db", "upgrade")
    result = turnup("clock", "run")
    assert result.exit_code == 1
    assert "the clock of this database is fixed" in result.stderr


#: Whoever started the tests may have had these signals ignored, which children inherit.
HEARING = """import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_time_runs_on_after_a_skip_that_was_told_to_end(
    writer: Writer, number: signal.Signals
) -> None:
    writer.store(RunTime())
    boot(writer)
    assert turnup("submit", write(customer(), activate(1))).exit_code == 0
    skipping = subprocess.Popen(
        (sys.executable, "-c", f"{HEARING}\n{START}", str(ROOT), "clock", "skip", "2d"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = monotonic() + 60
    while not read("clock", "show")["standing"]:
        assert skipping.poll() is None
        assert monotonic() < until
    skipping.send_signal(number)
    _, said = skipping.communicate(timeout=60)
    assert skipping.returncode != 0
    assert "Traceback" not in said
    assert not read("clock", "show")["standing"]


@pytest.mark.parametrize("before", [1, 2])
def test_time_runs_on_after_an_interrupt_while_a_move_is_stored(
    writer: Writer, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """The move is with the writer, and whoever waits for its answer is interrupted."""
    writer.store(RunTime())
    boot(writer)
    moves: list[object] = []
    store = Writer.store

    def interrupted(self: Writer, record: object, timeout: float | None = None) -> object:
        answer = store(self, record, timeout)  # type: ignore[arg-type]
        moves.append(record)
        if len(moves) == before:
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(Writer, "store", interrupted)
    CliRunner().invoke(app, ["clock", "skip", "2d"])
    assert len(moves) == before + 1
    assert not read("clock", "show")["standing"]


def test_time_that_runs_is_let_stand(writer: Writer) -> None:
    writer.store(RunTime())
    shown = read("clock", "stand")
    assert shown["standing"]
    assert read("clock", "stand") == read("clock", "show") == shown


@pytest.mark.usefixtures("writer")
def test_time_without_a_worker_moves_in_one_step() -> None:
    result = turnup("clock", "skip", "1h")
    assert result.exit_code == 0
    assert "no worker is alive" in result.stderr


def test_a_worker_sees_every_due_time_on_the_way(writer: Writer) -> None:
    """An operation that starts later is carried out at its time, not at the end of the skip."""
    later = BEGIN.replace(year=2080) + timedelta(hours=5)
    orders = write(customer(), activate(1, not_before=later.isoformat()))
    assert turnup("submit", orders).exit_code == 0
    worker, stop, seen = boot(writer), threading.Event(), []

    def work() -> None:
        database = Database(SQLITE)
        while not stop.wait(0.01):
            with database.look() as connection:
                if due_operations(connection, 1):
                    seen.append(business_now(connection))
                    end(writer, worker, 1)
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert turnup("clock", "skip", "2d").exit_code == 0
    finally:
        stop.set()
        thread.join()
    assert seen == [later]
    assert now() == BEGIN.replace(year=2080) + timedelta(days=2)


def test_a_worker_that_does_not_finish_stops_the_move(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.commands.skip.PATIENCE", timedelta(milliseconds=200))
    monkeypatch.setattr("deploy.day.progress.PICTURE", 0)
    boot(writer)
    assert turnup("submit", write(customer(), activate(1))).exit_code == 0
    result = turnup("clock", "skip", "2d")
    assert result.exit_code == 1
    shown, *_, last = result.stderr.splitlines()
    way = "on the way to 2080-05-31 23:50:00Z"
    assert shown == f"2080-05-29 23:50:00Z  1 due or at work, {way}", "who waits sees how far it is"
    assert "the workers did not finish within 200ms" in last
    assert now() == BEGIN.replace(year=2080)
