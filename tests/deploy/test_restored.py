"""`turnup db restored`: after a backup was put back, with nobody at work."""

import json

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.ending import Ending
from deploy.lock import beside_roles, exclusive
from schema.ids import key_of
from schema.sealing import new_key
from schema.store.database import Database
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
