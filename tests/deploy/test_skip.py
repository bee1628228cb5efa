"""Moving business time beside a server: its engine and its simulated platforms go along."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from schema.store.clock import MoveTime
from schema.store.database import Database
from tests.deploy.orders import activate, customer, write, written
from tests.deploy.views import BEGIN
from tests.house.sources import ROOT
from tests.servers.process import free_port

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from deploy.cli import main; main()"
SQLITE = "sqlite:///turnup.db"


def turnup(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def asked(port: int, path: str) -> Any:
    """Return what a server answers, or None while there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    except OSError:
        return None
    finally:
        connection.close()


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a simulator in a server whose time stands; settings lead the command line there."""
    port, door = free_port(), free_port()
    monkeypatch.setenv("TURNUP_LISTEN", f"127.0.0.1:{door}")
    monkeypatch.setenv("TURNUP_SIMULATOR_LISTEN", f"127.0.0.1:{port}")
    turnup("db", "upgrade", "--movable-clock")
    with written(Database(SQLITE)) as writer:
        assert writer.store(MoveTime(BEGIN.replace(year=2080)))
    log = tmp_path / "serve.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            (sys.executable, "-c", START, str(ROOT), "serve", "--simulator"),
            env=dict(os.environ),
            stderr=file,
            stdout=file,
        )
    until = monotonic() + 60
    try:
        while asked(door, "/readyz") is None:
            assert server.poll() is None, log.read_text()
            assert monotonic() < until, log.read_text()
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def now() -> datetime:
    return datetime.fromisoformat(json.loads(turnup("clock", "show", "--json"))["now"])


def test_a_skip_takes_the_platforms_along_through_all_that_they_have_due(simulator: int) -> None:
    turnup("submit", write(customer(), activate(1)))
    turnup("clock", "skip", "1h")
    (found,) = json.loads(turnup("list", "--json"))
    assert (found["state"], found["outcome"]) == ("succeeded", "on_time")
    assert now() == datetime.fromisoformat(asked(simulator, "/clock")["now"])
    assert found["ended_at"] < found["deadline_at"]


def test_platforms_that_are_behind_catch_up(simulator: int) -> None:
    """Somebody has moved our time alone, as an older version did."""
    with written(Database(SQLITE)) as writer:
        assert writer.store(MoveTime(BEGIN.replace(year=2081)))
    turnup("clock", "skip", "1m")
    assert datetime.fromisoformat(asked(simulator, "/clock")["now"]) == now()


def test_a_simulator_that_cannot_listen_is_one_line_about_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place, door = f"127.0.0.1:{taken.getsockname()[1]}", f"127.0.0.1:{free_port()}"
        ended = subprocess.run(
            (sys.executable, "-c", START, str(ROOT), "serve", "--simulator"),
            env={**os.environ, "TURNUP_SIMULATOR_LISTEN": place, "TURNUP_LISTEN": door},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 2
    _made, line = ended.stderr.splitlines()
    assert line.startswith(f"turnup: TURNUP_SIMULATOR_LISTEN: {place}: ")
