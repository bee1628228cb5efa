"""The program as it is started: quick, quiet about what it need not know, and never a traceback."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from schema.sealing import new_key
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.library import sqlite_module
from schema.store.versions import VERSION_TABLE
from tests.deploy.orders import activate, customer, write, written
from tests.deploy.views import BEGIN
from tests.house.sources import ROOT
from tests.servers.process import free_port
from workers.simulator.store import Store

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from deploy.cli import main; main()"
TELL = START.replace("main()", "import json") + (
    "\ntry: main()\nexcept SystemExit: pass\nprint(json.dumps(sorted(sys.modules)), file=sys.stderr)"
)

#: Nobody listens on this port.
NOBODY = "127.0.0.1:1"


def turnup(
    *arguments: str, program: str = START, **settings: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        (sys.executable, "-c", program, str(ROOT), *arguments),
        env={"PATH": "/usr/bin:/bin", "PYTHONWARNINGS": "error", **_named(settings)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _named(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"TURNUP_{name}": value for name, value in settings.items()}


def modules(*arguments: str) -> set[str]:
    """Return what is loaded by a command."""
    ended = turnup(*arguments, program=TELL)
    return set(json.loads(ended.stderr.splitlines()[-1]))


def line_of(ended: "subprocess.CompletedProcess[str]", code: int) -> str:
    """Return the only line that a refused command says."""
    assert ended.returncode == code, ended.stderr
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith("turnup: ")
    return line.removeprefix("turnup: ")


def test_help_loads_next_to_nothing() -> None:
    loaded = modules("--help")
    heavy = {"aiohttp", "alembic", "fastapi", "holidays", "pika", "pydantic", "rich", "sqlalchemy"}
    assert "deploy.cli" in loaded
    assert not heavy & loaded


@pytest.mark.parametrize("command", ["list", "submit", "show", "clock"])
def test_help_for_a_command_is_as_quick(command: str) -> None:
    assert not {"aiohttp", "rich", "schema.discovery", "sqlalchemy"} & modules(command, "--help")


def test_looking_loads_no_door_and_no_alembic() -> None:
    assert turnup("db", "upgrade").returncode == 0
    loaded = modules("list")
    assert "schema.store.reads" in loaded
    assert not {"aiohttp", "alembic", "dramatiq", "fastapi", "pika", "workers"} & loaded
    assert not {"email_validator", "holidays", "phonenumbers"} & loaded


def test_products_are_shown_without_a_door_or_a_database() -> None:
    loaded = modules("products")
    assert "schema.views" in loaded
    assert not {"aiohttp", "fastapi", "producers", "sqlalchemy", "workers"} & loaded


def test_help_names_every_command_under_its_title() -> None:
    told = turnup("--help").stdout
    titles = [line for line in told.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == ["Options:", "Work:", "Look:", "Keep:", "Run:"]
    named = {line.split()[0] for line in told.splitlines() if line.startswith("  ")}
    assert {"submit", "show", "list", "tickets", "products", "doctor", "db", "serve"} <= named


@pytest.mark.parametrize("command", [("list",), ("db", "check"), ("db", "upgrade")])
def test_an_unreachable_database_is_one_line(command: tuple[str, ...]) -> None:
    ended = turnup(
        *command,
        DATABASE_URL=f"postgresql://turnup:hunter2@{NOBODY}/turnup",
        SECRET_KEYS=new_key(),
    )
    line = line_of(ended, 2)
    assert "does not answer: connection failed" in line
    assert "hunter2" not in line


def test_a_newer_database_is_one_line() -> None:
    assert turnup("db", "upgrade").returncode == 0
    database = Database("sqlite:///turnup.db")
    connection = sqlite_module().connect(database.path, isolation_level=None)
    connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0099_later'")  # noqa: S608
    connection.close()
    assert "is newer (0099_later) than this program" in line_of(turnup("list"), 2)


def test_a_file_that_is_no_database_is_one_line() -> None:
    Path("turnup.db").write_text("my holiday plans", encoding="utf-8")
    assert "is not a SQLite database" in line_of(turnup("list"), 2)


def test_a_missing_key_is_one_line() -> None:
    assert turnup("db", "upgrade").returncode == 0
    Path("turnup.db.key").unlink()
    for command in (("db", "check"), ("serve", "--simulator")):
        assert "the key file turnup.db.key of the database is missing" in line_of(
            turnup(*command), 2
        )


@pytest.mark.parametrize("role", ["api", "relay", "waker", "worker"])
def test_sqlite_with_several_roles_is_told_what_to_do(role: str) -> None:
    ended = turnup(role)
    assert ended.returncode == 2
    needs = [line.split(": turnup ")[1] for line in ended.stderr.splitlines()]
    assert needs == [
        f"{role} needs PostgreSQL; one process alone is",
        f"{role} needs RabbitMQ (amqp://...); one process alone is",
    ]


def test_what_a_run_left_is_not_served() -> None:
    turnup("db", "upgrade", "--movable-clock")
    Path("turnup.db.simulator").touch()
    said = line_of(turnup("serve", "--simulator"), 2)
    assert "time stands in the database sqlite:///turnup.db" in said


@pytest.mark.parametrize(
    "command", [("customers", "load"), ("submit",), ("cancel", "op_1"), ("retry", "op_1")]
)
def test_what_nobody_will_do_in_the_database_of_a_run_is_refused(command: tuple[str, ...]) -> None:
    turnup("db", "upgrade", "--movable-clock")
    Path("turnup.db.simulator").touch()
    named = command if len(command) > 1 and command[1] == "op_1" else (*command, write(customer()))
    said = line_of(turnup(*named), 2)
    assert "time stands in the database sqlite:///turnup.db, which turnup run has left" in said


def test_serve_without_platforms_says_how_to_play_them_before_it_makes_anything() -> None:
    ended = turnup("serve")
    assert ended.returncode == 2
    assert (
        "turnup: TURNUP_PLATFORM_CLOUD_PBX_URL: is not set; write https://host/path, "
        "or start turnup serve --simulator"
    ) in ended.stderr.splitlines()
    assert not Path("turnup.db").exists()


def test_a_slip_of_the_pen_is_a_line_in_the_log_of_who_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = turnup("serve", "--simulator", LISTEN=listen, DATABASE_ULR="postgresql://db/x")
    made, told = map(json.loads, ended.stderr.splitlines()[:2])
    assert (made["event"], made["path"]) == ("database_made", str(Path("turnup.db").absolute()))
    assert (told["event"], told["level"]) == ("setting_unknown", "warning")
    assert told["said"].endswith("did you mean TURNUP_DATABASE_URL?")


def test_a_port_that_is_taken_is_a_plain_line_before_anything_is_taken_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = turnup("serve", "--simulator", LISTEN=place)
    assert ended.returncode == 2
    _made, said = ended.stderr.splitlines()
    assert said == f"turnup: TURNUP_LISTEN: {place}: Address already in use"


def test_a_directory_that_is_missing_is_named() -> None:
    said = line_of(turnup("list", DATABASE_URL="sqlite:///nowhere/x.db"), 2)
    assert said.startswith("the directory nowhere of the database sqlite:///nowhere/x.db")


def test_platforms_that_began_with_running_time_say_what_to_do_where_it_stands() -> None:
    assert turnup("db", "upgrade", "--movable-clock").returncode == 0
    store = Store(Path("turnup.db.simulated"))
    store.start_clock(None)
    store.close()
    with written(Database("sqlite:///turnup.db")) as writer:
        assert writer.store(MoveTime(BEGIN.replace(year=2080)))
    ended = turnup("serve", "--simulator", LISTEN=f"127.0.0.1:{free_port()}")
    assert ended.returncode == 2
    assert "turnup clock run" in ended.stderr.splitlines()[-1]


def test_a_second_process_does_not_play_the_same_platforms() -> None:
    assert turnup("db", "upgrade").returncode == 0
    store = Store(Path("turnup.db.simulated"))
    ended = turnup("serve", "--simulator", LISTEN=f"127.0.0.1:{free_port()}")
    store.close()
    assert "another process plays the platforms on it" in line_of(ended, 2)


def test_a_setting_that_is_wrong_stops_every_command() -> None:
    line = line_of(turnup("products", BROKER_URL="amqp://mq.example"), 2)
    assert line.startswith("TURNUP_BROKER_URL: SQLite works with the embedded queue only")


def test_a_new_key_is_one_that_can_be_used() -> None:
    key = turnup("db", "new-key").stdout.strip()
    assert turnup("db", "upgrade", SECRET_KEYS=key).returncode == 0
    assert not Path("turnup.db.key").exists()
    assert turnup("db", "check", SECRET_KEYS=key).returncode == 0


def test_answers_are_plain_where_nobody_looks() -> None:
    assert turnup("db", "upgrade").returncode == 0
    ended = turnup("submit", write(customer(), activate(1)))
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert "\x1b" not in ended.stdout
    told = turnup("list").stdout.splitlines()[1].split()
    assert told[0] == "op_1"
    assert "activate" in told


@pytest.mark.parametrize("command", [("products", "--json"), ("products",), ("db", "new-key")])
def test_a_reader_that_has_gone_before_the_first_line_is_no_traceback(
    command: tuple[str, ...],
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        (sys.executable, "-c", START, str(ROOT), *command),
        env={"PATH": "/usr/bin:/bin"},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert ended.stderr == ""


def test_an_answer_that_finds_no_room_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            (sys.executable, "-c", START, str(ROOT), "products", "--json"),
            env={"PATH": "/usr/bin:/bin"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == "turnup: the answer cannot be written: No space left on device\n"


def test_letters_that_the_reader_does_not_have_are_no_traceback() -> None:
    assert turnup("db", "upgrade").returncode == 0
    named = activate(1, name="Zürich")
    command = f"{sys.executable} -c '{START}' {ROOT}"
    assert turnup("submit", write(customer(), named)).returncode == 0
    ended = subprocess.run(
        ("bash", "-c", f"PYTHONIOENCODING=ascii {command} show acme/pbx-1 && {command} show op_1"),
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONIOENCODING": "ascii",
            "USER": "Jürg",
            "LOGNAME": "Jürg",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0
    assert ended.stderr == ""


def test_a_malformed_key_says_how_one_is_made() -> None:
    said = line_of(turnup("products", SECRET_KEYS="hunter2"), 2)
    assert "as turnup db new-key makes it" in said
    assert "hunter2" not in said


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    assert turnup("db", "upgrade").returncode == 0
    assert turnup("submit", write(customer(), *map(activate, range(90)))).returncode == 0
    command = f"{sys.executable} -c '{START}' {ROOT} list --json | head -1"
    ended = subprocess.run(
        ("bash", "-c", command), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.stdout == "[\n"
    assert "Traceback" not in ended.stderr
