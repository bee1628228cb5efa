"""`turnup doctor` looks at everything, and one thing that is wrong hides no other."""

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from schema.sealing import new_key, parse_keys
from schema.store.database import Database
from tests.deploy.orders import boot, written
from tests.servers.rabbit import RabbitServer

DATABASE = "postgresql://turnup:hunter2@127.0.0.1:1/turnup"


def doctor() -> tuple[int, dict[str, list[tuple[str, str]]], dict[str, str]]:
    """Return the exit code, what was found of what, and the settings."""
    result = CliRunner().invoke(app, ["doctor", "--json"], catch_exceptions=False)
    told = json.loads(result.stdout)
    found: dict[str, list[tuple[str, str]]] = {}
    for each in told["findings"]:
        found.setdefault(each["what"], []).append((each["state"], each["told"]))
    return result.exit_code, found, told["settings"]


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of somebody who speaks something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(8)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_a_new_user_learns_what_to_do() -> None:
    code, found, settings = doctor()
    assert code == 1
    ((state, told),) = found["database"]
    assert state == "wrong"
    assert told.endswith("make them with: turnup db upgrade")
    assert found["keys"][0][0] == "wrong"
    assert found["broker"] == [("ok", "embedded")]
    assert settings["TURNUP_LEASE"] == "15s"


def test_everything_is_well() -> None:
    CliRunner().invoke(app, ["db", "upgrade", "--movable-clock"])
    with written(Database("sqlite:///turnup.db")) as writer:
        boot(writer)
        code, found, _ = doctor()
    assert code == 0
    assert {state for each in found.values() for state, _ in each} == {"ok"}
    assert found["workers"][0][1] == "worker on here, 5m left, cloud_pbx 10"
    assert found["clock"][0][1].startswith("movable, runs, it is 2")
    assert "without the WAL-reset bug" in found["sqlite"][0][1]


def test_a_library_with_the_bug_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.commands.doctor.is_safe_beside_others", lambda: False)
    assert doctor()[1]["sqlite"][0][0] == "warning"


def test_nothing_that_is_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    monkeypatch.setenv("TURNUP_BROKER_URL", "amqp://turnup:hunter2@127.0.0.1:1/")
    monkeypatch.setenv("TURNUP_SECRET_KEYS", key)
    result = CliRunner().invoke(app, ["doctor"], catch_exceptions=False)
    assert result.exit_code == 1
    assert "hunter2" not in result.output
    assert key not in result.output
    assert parse_keys(key)[0].id in result.output
    code, found, _ = doctor()
    assert code == 1
    assert "does not answer" in found["database"][0][1]
    assert found["broker"] == [("wrong", "127.0.0.1:1 does not answer: Connection refused")]


def test_a_key_that_others_may_read_is_a_warning() -> None:
    CliRunner().invoke(app, ["db", "upgrade"])
    Database("sqlite:///turnup.db").path.with_name("turnup.db.key").chmod(0o644)
    assert ("warning", "others may read turnup.db.key: chmod 600 turnup.db.key") in doctor()[1][
        "keys"
    ]


def test_a_slip_of_the_pen_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_ROM", "7")
    told = ("warning", "TURNUP_ROM is not known; did you mean TURNUP_ROOM?")
    assert doctor()[1]["settings"] == [told]


def test_a_broker_is_greeted(monkeypatch: pytest.MonkeyPatch, rabbit_server: RabbitServer) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    monkeypatch.setenv("TURNUP_BROKER_URL", rabbit_server.url)
    ((state, told),) = doctor()[1]["broker"]
    assert state == "ok"
    assert told.endswith(" answers")


def test_somebody_who_is_no_broker_is_wrong(monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    monkeypatch.setenv("TURNUP_BROKER_URL", f"amqp://127.0.0.1:{silent}")
    told = f"127.0.0.1:{silent} answers, but speaks no AMQP 0-9-1"
    assert doctor()[1]["broker"] == [("wrong", told)]
