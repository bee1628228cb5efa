"""`turnup queues`: how each product stands, for people and programs."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands.queues import NAMES, rows
from deploy.display.screen import print_table
from schema.store.database import Database
from schema.store.figures import Heap, Standing
from schema.store.pauses import Pause
from tests.deploy.orders import activate, boot, customer, park, write, written
from tests.deploy.views import BEGIN, at

COLOUR = re.compile(r"\x1b\[[0-9;]*m")

BUSY = Standing(
    open=123_456,
    due=Heap(12_345, at(minutes=-3)),
    in_flight=1_024,
    in_line=Heap(777, BEGIN),
    parked=Heap(12, BEGIN),
    next_due=at(hours=3),
    late=104,
    tickets=205,
)


def turnup(*arguments: str) -> str:
    """Return what a command prints."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """A new database in which three activations wait: one is due, one parked, and one starts later."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TURNUP_DATABASE_URL", "sqlite:///turnup.db")
    turnup("db", "upgrade", "--movable-clock")
    turnup("submit", write(customer(), *(activate(number) for number in (1, 2))))
    database = Database("sqlite:///turnup.db")
    with written(database) as writer:
        park(writer, boot(writer), 1)
        writer.store(Pause("cloud_pbx", "me"))
    return database


@pytest.mark.usefixtures("database")
def test_programs_read_every_figure() -> None:
    told = {each["product"]: each for each in json.loads(turnup("queues", "--json"))}
    mine = told["cloud_pbx"]
    assert (mine["open"], mine["waiting"], mine["due"], mine["parked"]) == (2, 2, 1, 1)
    assert (mine["in_flight"], mine["in_line"], mine["open_tickets"]) == (0, 0, 1)
    assert mine["is_paused"]
    assert mine["deadlines_missed_today"] == mine["late"] == 0
    assert mine["next_due"] is None


@pytest.mark.usefixtures("database")
def test_people_see_a_line_for_each_product() -> None:
    head, *lines = turnup("queues").splitlines()
    assert head.split() == list(NAMES)
    (line,) = [each for each in lines if each.startswith("cloud_pbx")]
    assert line.split()[1:4] == ["(paused)", "2", "1"]


@pytest.mark.parametrize("width", [80, 120])
def test_a_busy_day_fits_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", str(width))
    found = {"meeting_room": BUSY, "mobile_line": BUSY}
    print_table(NAMES, rows(found, BEGIN + timedelta(minutes=1)))
    lines = COLOUR.sub("", capsys.readouterr().out).splitlines()
    assert len(lines) == 2 + len(found)
    assert max(len(each.rstrip()) for each in lines) <= width


@pytest.mark.usefixtures("database")
def test_watching_looks_again_until_somebody_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = iter((None, None))

    def pause(_: float) -> None:
        try:
            next(pauses)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("deploy.commands.queues.time.sleep", pause)
    shown = turnup("queues", "--watch")
    assert shown.count("cloud_pbx") == 3


@pytest.mark.usefixtures("database")
def test_who_looks_at_an_operation_reads_that_its_product_is_paused() -> None:
    listed = CliRunner().invoke(app, ("list",), catch_exceptions=False)
    assert "cloud_pbx is paused since" in listed.stderr
    assert "turnup resume cloud_pbx" in listed.stderr
    for name in ("op_2", "acme/pbx-2"):
        assert re.search("  paused +since .* by me; deadlines go on", turnup("show", name))
    assert json.loads(turnup("show", "op_2", "--json"))["paused"]["by"] == "me"
    turnup("cancel", "op_2")
    assert "paused" not in turnup("show", "op_2"), "what has ended waits for nothing"
    turnup("resume", "cloud_pbx")
    assert "paused" not in CliRunner().invoke(app, ("list",)).output + turnup("show", "op_1")
