"""The database that the revisions make, and what is said about one that this program cannot use."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from schema import tables
from schema.errors import NotStored, Unreachable, WrongDatabase
from schema.migrations.check import differences
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.library import sqlite_module
from schema.store.versions import HEAD, REVISIONS, VERSION_TABLE, check, upgrade, version_of
from tests.servers.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database of each kind."""
    if request.param == SQLITE:
        made = Database(f"sqlite:///{tmp_path}/turnup.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        made = Database(server.create_database())
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """A SQLite database that does not exist yet."""
    made = Database(f"sqlite:///{tmp_path}/turnup.db")
    yield made
    made.close()


def run(database: Database, statement: str) -> None:
    with database.writing.connect() as connection:
        connection.execute(text(statement))
        connection.commit()


def test_the_revisions_equal_the_tables(database: Database) -> None:
    upgrade(database)
    with database.look() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, tables.metadata) == []


def test_what_alembic_does_not_compare_is_equal_too(database: Database) -> None:
    assert differences(database) == []


def test_a_difference_is_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables.customer.c.data, "nullable", True)
    found = [line for line in differences(database) if line.startswith(("-customer", "+customer"))]
    assert len(found) == 2
    assert all("data" in line for line in found)


def test_the_program_knows_every_revision_without_alembic() -> None:
    asked = Config()
    asked.set_main_option("script_location", "schema:migrations")
    scripts = ScriptDirectory.from_config(asked)
    assert [each.revision for each in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_heads() == [HEAD]


def test_a_look_at_the_version_loads_no_alembic(file: Database) -> None:
    upgrade(file)
    program = (
        "import sys; from schema.store import versions; from schema.store.database import Database;"
        f"versions.check(Database({str(file.url)!r})); sys.exit('alembic' in sys.modules)"
    )
    subprocess.run((sys.executable, "-c", program), check=True, timeout=30)


@pytest.mark.parametrize("is_movable", [False, True])
def test_the_clock_is_as_it_was_asked_for(database: Database, *, is_movable: bool) -> None:
    upgrade(database, movable_clock=is_movable)
    with database.look() as connection:
        (row,) = connection.execute(select(tables.clock)).all()
    assert (row.movable, row.standing_at, row.offset) == (is_movable, None, 0)
    assert len(row.installation) == 8


def test_every_partition_is_free(database: Database) -> None:
    upgrade(database)
    with database.look() as connection:
        rows = connection.execute(select(tables.partition).order_by(tables.partition.c.number))
        assert rows.all() == [(number, None, 0) for number in range(tables.PARTITIONS)]


def test_a_key_is_not_given_again_after_a_purge(file: Database) -> None:
    upgrade(file)
    values = {"operation_id": 1, "desk": "d", "severity": "low", "state": "open", "title": "t"}
    with file.writing.connect() as connection:
        connection.execute(insert(tables.ticket).values(id=7, body="b", opened_at=0, **values))
        connection.execute(text("DELETE FROM ticket"))
        assert connection.execute(text("SELECT seq FROM sqlite_sequence")).scalar() == 7


def test_a_database_file_has_the_modes_that_the_writer_needs(file: Database) -> None:
    upgrade(file)
    file.close()
    connection = sqlite_module().connect(file.path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    connection.close()


def test_a_database_that_is_up_to_date_is_left_alone(database: Database) -> None:
    assert upgrade(database)
    assert not upgrade(database)
    check(database)


def test_a_clock_is_chosen_only_when_the_database_is_made(database: Database) -> None:
    upgrade(database)
    with pytest.raises(WrongDatabase, match="decided when it is made"):
        upgrade(database, movable_clock=True)


def test_an_upgrade_that_fails_leaves_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        raise OperationalError("INSERT", {}, Exception("no room left"))

    monkeypatch.setattr("alembic.op.bulk_insert", refuse)
    with pytest.raises(NotStored, match=r"as it was, the upgrade failed: no room left"):
        upgrade(database)
    assert version_of(database) is None


def test_two_upgrades_at_once_make_one_database(database: Database) -> None:
    address = database.url.render_as_string(hide_password=False)
    program = (
        "from schema.store import versions; from schema.store.database import Database;"
        f"versions.upgrade(Database({address!r}))"
    )
    both = [subprocess.Popen((sys.executable, "-c", program)) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    check(database)


def test_an_empty_database_is_told_how_to_be_made(database: Database) -> None:
    with pytest.raises(WrongDatabase, match="no tables yet; make them with: turnup db upgrade"):
        check(database)
    if database.dialect == SQLITE:
        assert not database.path.exists()


def test_an_older_database_is_told_how_to_be_brought_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(database)
    monkeypatch.setattr("schema.store.versions.REVISIONS", (*REVISIONS, "0002_more"))
    monkeypatch.setattr("schema.store.versions.HEAD", "0002_more")
    with pytest.raises(WrongDatabase, match=r"older \(0001_two_products\).*turnup db upgrade"):
        check(database)


def test_a_newer_database_is_left_to_the_newer_program(database: Database) -> None:
    upgrade(database)
    run(database, "UPDATE turnup_version SET version_num = '0009_later'")
    for look in (check, upgrade):
        with pytest.raises(WrongDatabase, match=r"newer \(0009_later\) than this program"):
            look(database)


def test_a_database_of_an_unreleased_program_is_told_apart(database: Database) -> None:
    upgrade(database)
    run(database, "UPDATE turnup_version SET version_num = '0001_the_line'")
    for look in (check, upgrade):
        with pytest.raises(WrongDatabase, match=r"never released \(0001_the_line\)"):
            look(database)


def test_somebody_elses_database_is_refused(database: Database) -> None:
    run(database, "CREATE TABLE invoice (id INTEGER)")
    for look in (check, upgrade):
        with pytest.raises(WrongDatabase, match=r"not Turnup's"):
            look(database)


def test_a_file_that_is_no_database_is_refused_and_kept(file: Database) -> None:
    file.path.write_text("Dear diary, today I provisioned a telephone system.", encoding="utf-8")
    for look in (check, upgrade):
        with pytest.raises(WrongDatabase, match="not a SQLite database"):
            look(file)
    assert file.path.read_text(encoding="utf-8").startswith("Dear diary")


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="Is a directory"):
        check(Database(f"sqlite:///{tmp_path}"))


def test_a_database_in_a_directory_that_is_missing_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"the directory .*missing"):
        upgrade(Database(f"sqlite:///{tmp_path}/missing/turnup.db"))


def test_a_server_that_is_not_there_is_unreachable_in_one_line() -> None:
    nobody = Database("postgresql://turnup:secret@127.0.0.1:1/turnup")
    for look in (check, upgrade):
        with pytest.raises(Unreachable, match="does not answer: connection failed") as caught:
            look(nobody)
        assert "\n" not in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_path_may_have_letters_that_mean_something_in_an_address(tmp_path: Path) -> None:
    (tmp_path / "100% #1").mkdir()
    made = Database(f"sqlite:///{tmp_path}/100%25 #1/turnup.db")
    upgrade(made)
    check(made)
    made.close()
    assert [each.name for each in (tmp_path / "100% #1").iterdir()] == ["turnup.db"]


def test_a_database_that_is_locked_too_long_is_left_as_it_was(
    file: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.store.database.BUSY_TIMEOUT", 0.05)
    other = sqlite_module().connect(file.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotStored, match=r"as it was, the upgrade failed: database is locked"):
        upgrade(file)
    other.close()
