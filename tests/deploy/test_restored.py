"""`turnup db restored`: after a backup was put back, with nobody at work."""

import json
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.core import started
from deploy.ending import Ending
from deploy.lock import beside_roles, exclusive
from deploy.mark import marked
from deploy.opening import open_database
from deploy.settings import read_settings
from schema.errors import WrongDatabase
from schema.ids import key_of
from schema.sealing import new_key
from schema.store.database import Database
from schema.store.library import sqlite_module
from tests.deploy.orders import activate, customer, write
from tests.servers.postgres import PostgresServer


def turnup(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of each kind, with one command in it that nobody has begun."""
    address = "sqlite:///turnup.db"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        address = server.create_database()
        monkeypatch.setenv("TURNUP_SECRET_KEYS", new_key())
    monkeypatch.setenv("TURNUP_DATABASE_URL", address)
    assert turnup("db", "upgrade").exit_code == 0
    hand_in(customer(), activate(1))
    return address


def hand_in(*lines: str) -> list[str]:
    """Submit lines, and return the ids of all operations, oldest first."""
    result = turnup("submit", write(*lines))
    assert result.exit_code == 0, result.output
    listed = json.loads(turnup("list", "--json").stdout)
    return [each["id"] for each in reversed(listed)]


def test_it_says_what_it_has_done_and_what_is_left_to_people(url: str) -> None:
    result = turnup("db", "restored")
    assert result.exit_code == 0, result.output
    for told in ("1 operation may have gone on", "Left to you", "turnup keys list"):
        assert told in result.stdout


def test_ids_after_it_lie_far_beyond_those_before(url: str) -> None:
    found = json.loads(turnup("db", "restored", "--json").stdout)
    assert found["asking"] == 1
    assert found["keys_left_out"] >= 1_000_000
    first, second = hand_in(activate(2))
    assert key_of("op", second) > key_of("op", first) + found["keys_left_out"]


def test_it_is_refused_while_somebody_works_on_the_database(url: str) -> None:
    database = Database(url)
    held = exclusive(database) if "sqlite" in url else beside_roles(database, Ending())
    with held:
        result = turnup("db", "restored")
    database.close()
    assert result.exit_code == 2
    assert "works on the database" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@contextmanager
def at_work() -> Iterator[None]:
    """Work on the database as `turnup serve` does."""
    settings = read_settings()
    database = open_database(settings)
    with started(settings, database, Ending(), publishes=False) as core, marked(core):
        yield


def copy(source: str, target: str) -> None:
    """Copy a SQLite database as a backup does, beside whoever works on it."""
    connect = sqlite_module().connect
    with closing(connect(source)) as origin, closing(connect(target)) as made:
        origin.backup(made)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_backup_that_was_put_back_is_noticed_until_somebody_says_so(url: str) -> None:
    assert url
    with at_work():
        copy("turnup.db", "copy.db")
    copy("copy.db", "turnup.db")
    with (
        pytest.raises(WrongDatabase, match=r"a backup was put back; .* turnup db restored"),
        at_work(),
    ):
        pass
    found = json.loads(turnup("doctor", "--json").stdout)["findings"]
    (said,) = [each["told"] for each in found if each["what"] == "database"]
    assert "turnup db restored" in said
    assert turnup("db", "restored").exit_code == 0
    for _ in range(2):
        with at_work():
            pass


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nothing_is_handed_in_to_a_backup_before_somebody_says_so(url: str) -> None:
    """An id drawn too early is one that an operation had which the backup does not know, and with it its keys."""
    assert url
    copy("turnup.db", "copy.db")
    with at_work():
        _, used = hand_in(activate(2))
    copy("copy.db", "turnup.db")
    refused = turnup("submit", write(activate(3)))
    assert (refused.exit_code, "turnup db restored" in refused.stderr) == (2, True)
    found = json.loads(turnup("db", "restored", "--json").stdout)
    _, first = hand_in(activate(3))
    assert key_of("op", first) >= key_of("op", used) + found["keys_left_out"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_log_of_a_killed_process_is_not_played_over_a_backup(url: str) -> None:
    copy("turnup.db", "copy.db")
    database = Database(url)
    with database.writing.begin() as connection:
        connection.exec_driver_sql("UPDATE clock SET id = id")
    logs = {name: Path(f"turnup.db{name}").read_bytes() for name in ("-wal", "-shm")}
    database.close()
    shutil.copy("copy.db", "turnup.db")
    for name, content in logs.items():  # as a kill leaves them
        Path(f"turnup.db{name}").write_bytes(content)
    result = turnup("db", "restored")
    assert result.exit_code == 2
    assert "Remove turnup.db-wal and turnup.db-shm" in result.stderr.replace("\n", " ")
    assert Path("turnup.db-wal").read_bytes() == logs["-wal"]
    for name in logs:
        Path(f"turnup.db{name}").unlink()
    for _ in range(2):
        assert turnup("db", "restored").exit_code == 0


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_another_database_under_the_same_name_is_no_backup(url: str) -> None:
    assert url
    with at_work():
        pass
    for path in Path().glob("turnup.db*"):
        if path.suffix != ".mark":
            path.unlink()
    assert turnup("db", "upgrade").exit_code == 0
    with at_work():
        pass


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nobody_else_reads_a_new_database_or_what_stands_beside_it(url: str) -> None:
    assert url
    with at_work():
        paths = [*Path().glob("turnup.db*")]
        assert {path.name for path in paths} >= {"turnup.db", "turnup.db-wal", "turnup.db.key"}
        readable = [path.name for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert readable == []
