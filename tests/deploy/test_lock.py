"""One process has a database to itself; who only writes shortly goes beside it where that is safe."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from sqlalchemy import text

from deploy.ending import Ending
from deploy.lock import DatabaseOccupied, beside_others, beside_roles, exclusive, holder, lock_file
from schema.errors import Unreachable
from schema.store.database import Database
from schema.store.exclusive import AdvisoryLock
from tests.house.sources import ROOT
from tests.producers.relay.stage import wait_until
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
        said = str(caught.value)
        assert f"process {process.pid} (on {socket.gethostname()} since 20" in said
        assert "stop it first" in said
        lock_file(database).write_text(str(process.pid))  # as an older version did
        assert holder(database) == f"process {process.pid}"


def test_the_lock_of_a_killed_process_is_free(database: Database, other: Other) -> None:
    process = other(database)
    process.kill()
    process.wait()
    with exclusive(database):
        assert True


def test_the_lock_is_free_after_the_block(database: Database) -> None:
    another = Database(database.url.render_as_string(hide_password=False))
    for _ in range(10):  # a busy server that is only hung up on notices too late now and then
        with exclusive(database, patience=0):
            pass
        with exclusive(another, patience=0):
            pass
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


@pytest.fixture
def server_database(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """A database on PostgreSQL; it is looked often whether a lock is still held."""
    monkeypatch.setattr("deploy.lock.LOOK", 0.05)
    database = Database(postgres_server.create_database())
    yield database
    database.close()


def test_roles_share_a_database_and_nobody_has_it_alone_beside_them(
    server_database: Database,
) -> None:
    ending = Ending()
    with (
        beside_roles(server_database, ending),
        beside_roles(server_database, ending),
        pytest.raises(DatabaseOccupied, match="roles api, worker, waker and relay"),
        exclusive(server_database),
    ):
        pass
    with (
        exclusive(server_database),
        pytest.raises(DatabaseOccupied, match="turnup serve works"),
        beside_roles(server_database, ending),
    ):
        pass


def test_a_lock_that_ended_with_its_connection_is_taken_again(server_database: Database) -> None:
    ending = Ending()
    with beside_roles(server_database, ending):
        cut_off(server_database)
        wait_until(lambda: is_occupied(server_database))
    assert not ending.stop.is_set()


def test_who_finds_his_lost_lock_taken_by_another_ends(
    server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.lock.GIVE_UP", 0.1)
    monkeypatch.setattr("schema.store.exclusive.AdvisoryLock.take", taken_once())
    ending = Ending()
    with exclusive(server_database, ending=ending):
        cut_off(server_database)
        assert ending.stop.wait(20)
    assert ending.exit_code == 1


def taken_once() -> Callable[[AdvisoryLock], bool]:
    """Return what takes a lock the first time, and is too late from then on."""
    take, times = AdvisoryLock.take, count()

    def taken(lock: AdvisoryLock) -> bool:
        return take(lock) if next(times) == 0 else False

    return taken


def cut_off(database: Database) -> None:
    """End every other connection to a database, as a restart of its server does."""
    ended = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    with database.writing.begin() as connection:
        connection.execute(text(f"{ended} AND datname = current_database()"))


def is_occupied(database: Database) -> bool:
    """Whether nobody could have the database alone."""
    lock = AdvisoryLock(database, is_shared=False)
    try:
        return not lock.take()
    finally:
        lock.release()


def test_a_lock_without_a_directory_is_one_line() -> None:
    database = Database("sqlite:///missing/turnup.db")
    with (
        pytest.raises(Unreachable, match=r"turnup\.db\.lock cannot be opened"),
        exclusive(database),
    ):
        pass
