"""One process has a database to itself; who only writes shortly goes beside it where that is safe."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from deploy.lock import DatabaseOccupied, beside_others, exclusive, lock_file
from schema.errors import Unreachable
from schema.store.database import Database
from tests.house.sources import ROOT
from tests.servers.postgres import PostgresServer

HOLD = """
import sys
from deploy.lock import exclusive
from schema.store.database import Database
with exclusive(Database(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

Other = Callable[[Database], "subprocess.Popen[str]"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database of each kind."""
    url = "sqlite:///turnup.db"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database()
    made = Database(url)
    yield made
    made.close()


@pytest.fixture
def other() -> Iterator[Other]:
    """Start another process that has a database to itself until it is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(database: Database) -> "subprocess.Popen[str]":
        url = database.url.render_as_string(hide_password=False)
        command = (sys.executable, "-c", HOLD, url)
        pipe = subprocess.PIPE
        here = {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=here)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_second_process_is_refused(database: Database, other: Other) -> None:
    process = other(database)
    with (
        pytest.raises(DatabaseOccupied, match="works on the database") as caught,
        exclusive(database, patience=0),
    ):
        pass
    if database.dialect == "sqlite":
        assert f"process {process.pid} works" in str(caught.value)


def test_the_lock_of_a_killed_process_is_free(database: Database, other: Other) -> None:
    process = other(database)
    process.kill()
    process.wait()
    with exclusive(database):
        assert True


def test_the_lock_is_free_after_the_block(database: Database) -> None:
    with exclusive(database, patience=0):
        pass
    another = Database(database.url.render_as_string(hide_password=False))
    with exclusive(another, patience=0):
        another.close()


def test_a_short_writer_goes_beside_where_the_library_is_safe(
    database: Database, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.lock.is_safe_beside_others", lambda: True)
    other(database)
    with beside_others(database):
        assert True


def test_a_short_writer_is_refused_where_the_library_could_do_damage(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.lock.is_safe_beside_others", lambda: False)
    database = Database("sqlite:///turnup.db")
    with beside_others(database):
        assert lock_file(database).exists()
    other(database)
    with (
        pytest.raises(DatabaseOccupied, match="a second writer could damage it"),
        beside_others(database),
    ):
        pass


def test_a_lock_without_a_directory_is_one_line() -> None:
    database = Database("sqlite:///missing/turnup.db")
    with (
        pytest.raises(Unreachable, match=r"turnup\.db\.lock cannot be opened"),
        exclusive(database),
    ):
        pass
