"""`turnup doctor` looks at everything, and one thing that is wrong hides no other."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.lock import exclusive
from schema.discovery import find_products
from schema.sealing import new_key, parse_keys
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.leases import Boot
from tests.deploy.orders import activate, boot, customer, write, written
from tests.deploy.views import BEGIN
from tests.servers.rabbit import RabbitServer

SIGNS = "whsec_c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz"
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
            while True:
                connection, _ = server.accept()
                with connection:
                    if not connection.recv(8):
                        return
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        socket.create_connection(server.getsockname()).close()
        thread.join()


def test_a_new_user_learns_what_to_do() -> None:
    code, found, settings = doctor()
    assert code == 1
    ((state, told),) = found["database"]
    assert state == "wrong"
    assert told.endswith("make them with: turnup db upgrade")
    assert found["keys"] == [("ok", "the key is made with the database: turnup db upgrade")]
    assert found["broker"] == [("ok", "embedded")]
    assert settings["TURNUP_LEASE"] == "15s"


def test_everything_is_well(monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
    CliRunner().invoke(app, ["db", "upgrade", "--movable-clock"])
    for name in find_products():
        monkeypatch.setenv(f"TURNUP_PLATFORM_{name.upper()}_URL", f"http://127.0.0.1:{silent}")
        monkeypatch.setenv(f"TURNUP_PLATFORM_{name.upper()}_SECRET", SIGNS)
    database = Database("sqlite:///turnup.db")
    with exclusive(database), written(database) as writer:
        boot(writer)
        writer.store(Boot("waker", "here", {}, timedelta(minutes=5)))
        code, found, _ = doctor()
    assert code == 0
    assert {state for each in found.values() for state, _ in each} == {"ok"}
    ((_, worker),) = found["worker"]
    assert worker.startswith("on here since 2")
    assert worker.endswith(", ".join(f"10 of {name}" for name in find_products()))
    assert found["platform"] == [
        ("ok", f"{name} at 127.0.0.1:{silent} answers") for name in find_products()
    ]
    assert found["due"] == [("ok", "nothing is due that nobody has taken")]
    assert found["clock"][0][1].startswith("movable; it runs, it is 2")
    assert "without the WAL-reset bug" in found["sqlite"][0][1]


def test_who_was_killed_is_missed_at_once_and_who_stands_still_is_not_to_be_started_twice() -> None:
    CliRunner().invoke(app, ["db", "upgrade"])
    database = Database("sqlite:///turnup.db")
    with written(database) as writer:
        boot(writer)
        killed = doctor()[1]["worker"]
    assert {state for state, _ in killed} == {"wrong"}
    assert "its process is gone" in killed[0][1]
    with exclusive(database):
        stands_still = doctor()[1]["waker"]
    ((state, told),) = stands_still
    assert state == "wrong"
    assert told.endswith("has the database, and stands still or cannot write: look into its log")


def test_what_is_needed_and_missing_is_wrong_with_what_to_start() -> None:
    CliRunner().invoke(app, ["db", "upgrade"])
    code, found, _ = doctor()
    assert code == 1
    assert {state for each in ("waker", "worker") for state, _ in found[each]} == {"wrong"}
    assert "nobody carries out operations of cloud_pbx: start turnup serve" in [
        says for _, says in found["worker"]
    ]
    assert "only turnup serve --simulator does without" in found["platform"][0][1]


def test_an_operation_that_nobody_takes_is_a_warning_with_its_age() -> None:
    CliRunner().invoke(app, ["db", "upgrade", "--movable-clock"])
    CliRunner().invoke(app, ["submit", write(customer(), activate(1))], catch_exceptions=False)
    CliRunner().invoke(app, ["clock", "skip", "2h"], catch_exceptions=False)
    ((state, told),) = doctor()[1]["due"]
    assert state == "warning"
    assert told == "op_1 has been due for 2h, and nobody has taken it"


def test_what_a_run_left_is_named_and_nobody_is_missed() -> None:
    CliRunner().invoke(app, ["db", "upgrade", "--movable-clock"])
    Path("turnup.db.simulator").touch()
    code, found, _ = doctor()
    assert code == 0
    assert found["clock"][0][0] == "warning"
    assert found["clock"][0][1].startswith("turnup run has left this database: time stands at 2")
    assert not {"waker", "worker", "due", "platform"} & found.keys()


def test_time_that_stands_is_a_warning_with_what_lets_it_run() -> None:
    CliRunner().invoke(app, ["db", "upgrade", "--movable-clock"])
    with written(Database("sqlite:///turnup.db")) as writer:
        writer.store(MoveTime(BEGIN.replace(year=2080)))
    ((state, told),) = doctor()[1]["clock"]
    assert state == "warning"
    assert told.endswith("let it run with turnup clock run")


def test_a_platform_that_does_not_answer_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_PLATFORM_CLOUD_PBX_URL", "http://127.0.0.1:1/api")
    told = "cloud_pbx at 127.0.0.1:1 does not answer: Connection refused"
    found = doctor()[1]["platform"]
    place = found.index(("wrong", told))
    assert found[place + 1][0] == "warning"
    assert found[place + 1][1].startswith("TURNUP_PLATFORM_CLOUD_PBX_SECRET is not set: ")


def test_a_library_with_the_bug_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.commands.doctor.is_safe_beside_others", lambda: False)
    assert doctor()[1]["sqlite"][0][0] == "warning"


def test_nothing_that_is_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    monkeypatch.setenv("TURNUP_BROKER_URL", "amqp://turnup:hunter2@127.0.0.1:1/")
    monkeypatch.setenv("TURNUP_SECRET_KEYS", key)
    result = CliRunner().invoke(app, ["doctor", "--settings"], catch_exceptions=False)
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
    assert told.endswith(" answers, and lets us in")


@pytest.mark.parametrize(
    ("written", "why"), [("guest:hunter2@", "ACCESS_REFUSED"), ("guest:guest@", "vhost nope")]
)
def test_a_broker_that_lets_us_not_in_is_wrong(
    monkeypatch: pytest.MonkeyPatch, rabbit_server: RabbitServer, written: str, why: str
) -> None:
    place = rabbit_server.url.partition("@")[2].partition("/")[0]
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    vhost = "nope" if "nope" in why else ""
    monkeypatch.setenv("TURNUP_BROKER_URL", f"amqp://{written}{place}/{vhost or '%2F'}")
    ((state, told),) = doctor()[1]["broker"]
    assert state == "wrong"
    assert why in told
    assert "hunter2" not in told


def test_somebody_who_is_no_broker_is_wrong(monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", DATABASE)
    monkeypatch.setenv("TURNUP_BROKER_URL", f"amqp://127.0.0.1:{silent}")
    told = f"127.0.0.1:{silent} answers, but speaks no AMQP 0-9-1"
    assert doctor()[1]["broker"] == [("wrong", told)]
