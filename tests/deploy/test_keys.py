"""The key beside a SQLite database: written once, for its owner only, and missed when it is gone."""

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from deploy.keys import KeyUnusable, key_file, load_keys
from deploy.opening import open_database, open_or_make_database
from deploy.settings import Settings, SettingsWrong, read_settings
from schema.errors import Unreachable, WrongDatabase
from schema.sealing import Sealer, new_key, parse_keys
from schema.store.database import Database
from schema.store.secrets import context_of
from schema.store.vitals import clock_times
from schema.tables import secret
from tests.deploy.test_cli import done, refused
from tests.servers.postgres import PostgresServer


@pytest.fixture
def settings() -> Settings:
    return read_settings()


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A new SQLite database with its key."""
    made = open_or_make_database(settings)
    yield made
    made.close()


def test_a_new_file_gets_a_key_that_only_its_owner_reads(database: Database) -> None:
    path = key_file(database)
    assert path.name == "turnup.db.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in Path().iterdir() if "key" in each.name) == [path.name]


def test_the_key_is_read_again(settings: Settings, database: Database) -> None:
    written = key_file(database).read_text(encoding="ascii").strip()
    again = open_or_make_database(settings)
    assert load_keys(settings, again)[0].id == parse_keys(written)[0].id
    again.close()


def test_a_key_that_is_there_is_kept(settings: Settings) -> None:
    Path("turnup.db.key").write_text(key := new_key(), encoding="ascii")
    open_or_make_database(settings).close()
    assert Path("turnup.db.key").read_text(encoding="ascii") == key


def test_a_missing_key_is_told_and_none_is_made(settings: Settings, database: Database) -> None:
    key_file(database).unlink()
    again = open_or_make_database(settings)
    with pytest.raises(KeyUnusable, match=r"key file turnup\.db\.key .* is missing; put it back"):
        load_keys(settings, again)
    assert not key_file(database).exists()
    again.close()


def test_a_damaged_key_is_told_without_what_it_says(settings: Settings, database: Database) -> None:
    key_file(database).write_text("key_0123456789ab.hunter2", encoding="ascii")
    with pytest.raises(KeyUnusable, match="is damaged") as caught:
        load_keys(settings, database)
    assert "hunter2" not in str(caught.value)


def test_keys_of_the_settings_come_before_the_file(
    monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    first, second = new_key(), new_key()
    monkeypatch.setenv("TURNUP_SECRET_KEYS", f"{first}, {second}")
    ids = [key.id for key in load_keys(read_settings(), database)]
    assert ids == [parse_keys(first)[0].id, parse_keys(second)[0].id]


def test_no_file_is_written_where_the_settings_have_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_SECRET_KEYS", new_key())
    made = open_or_make_database(read_settings())
    assert not key_file(made).exists()
    made.close()


def test_postgresql_without_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", "postgresql://host/turnup")
    settings = read_settings()
    with pytest.raises(SettingsWrong, match=r"^TURNUP_SECRET_KEYS: is not set.*db new-key$"):
        load_keys(settings, Database(settings.database_url))


def test_a_key_that_cannot_be_written_makes_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("deploy.keys.os.link", link)
    monkeypatch.setenv("TURNUP_DATABASE_URL", "sqlite:///turnup.db")
    with pytest.raises(KeyUnusable, match="cannot be written: Operation not permitted"):
        open_or_make_database(read_settings())
    assert not Path("turnup.db").exists()


def test_only_the_owner_of_a_database_makes_one(settings: Settings) -> None:
    with pytest.raises(WrongDatabase, match="turnup db upgrade"):
        open_database(settings)
    assert list(Path().iterdir()) == []


def test_a_new_file_has_the_clock_that_was_asked_for(settings: Settings) -> None:
    made = open_or_make_database(settings, movable_clock=True)
    with made.look() as connection:
        assert clock_times(connection).is_movable
    made.close()


def test_no_tables_are_made_on_a_server_unasked(
    monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer
) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", postgres_server.create_database())
    for _ in range(2):
        with pytest.raises(WrongDatabase, match="no tables yet; make them with: turnup db upgrade"):
            open_or_make_database(read_settings())


def test_a_server_that_is_not_there_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURNUP_DATABASE_URL", "postgresql://127.0.0.1:1/turnup")
    with pytest.raises(Unreachable, match="does not answer"):
        open_or_make_database(read_settings())


def test_keys_that_are_not_the_databases_are_refused_with_the_one_that_is(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (right,) = load_keys(settings, database)
    seal(database, Sealer([right]))
    assert load_keys(settings, database)[0].id == right.id
    wrong = new_key()
    key_file(database).write_text(wrong, encoding="ascii")
    other = parse_keys(wrong)[0].id
    told = f"is sealed with {right.id}, which is not among the keys: {other} from turnup.db.key$"
    with pytest.raises(KeyUnusable, match=told):
        load_keys(settings, database)
    monkeypatch.setenv("TURNUP_SECRET_KEYS", wrong)
    with pytest.raises(KeyUnusable, match=f"{other} from TURNUP_SECRET_KEYS$"):
        load_keys(read_settings(), database)


def test_a_replaced_key_stays_good_behind_the_new_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = new_key(), new_key()
    seal(database, Sealer(parse_keys(before)))
    monkeypatch.setenv("TURNUP_SECRET_KEYS", f"{after},{before}")
    load_keys(read_settings(), database)
    seal(database, Sealer(parse_keys(after)))
    monkeypatch.setenv("TURNUP_SECRET_KEYS", after)
    assert [key.id for key in load_keys(read_settings(), database)] == [parse_keys(after)[0].id]


def test_no_command_and_no_role_begins_with_a_wrong_key(database: Database) -> None:
    seal(database, Sealer(parse_keys(key_file(database).read_text(encoding="ascii").strip())))
    assert "sealed with key_" in done("db", "check")
    key_file(database).write_text(new_key(), encoding="ascii")
    for command in (("db", "check"), ("serve", "--simulator")):
        told = refused(*command, code=2)
        assert "which is not among the keys: key_" in told
        assert len(told.splitlines()) == 1


def seal(database: Database, sealer: Sealer) -> None:
    """Seal a secret of a service."""
    named = {"service_id": 1, "operation_id": 1, "name": "pin", "state": "valid", "made_at": 0}
    sealed = sealer.seal("hunter2", context_of(1, "pin"))
    with database.writing.begin() as connection:
        connection.execute(insert(secret).values(**named, sealed=sealed))
