"""What a role says when it cannot start: one clear line, exit 2, no traceback."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.rabbit import RabbitServer
from tests.system.fleet import Fleet, Servers
from tests.system.process import run_turnup

ROLES = ("api", "relay", "waker", "worker")


def said(fleet: Fleet, role: str, **settings: str) -> str:
    """Return the one line that a role says before it ends with 2."""
    changed = {f"TURNUP_{name}": value for name, value in settings.items()}
    done = run_turnup(role, environment=fleet.environment | changed)
    assert done.returncode == 2, done
    assert done.stdout == ""
    line, *more = done.stderr.splitlines()
    assert more == []
    assert line.startswith("turnup: ")
    return line


@pytest.fixture(scope="module")
def fleet(
    postgres_server: PostgresServer,
    rabbit_server: RabbitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fleet]:
    """A database that everybody can use, and nobody at work but a simulator."""
    servers = Servers(postgres_server, rabbit_server)
    with Fleet(servers, tmp_path_factory.mktemp("start")) as made:
        made.start("simulator")
        yield made


@pytest.mark.parametrize("role", ROLES)
def test_without_its_servers_a_role_says_which_one_does_not_answer(fleet: Fleet, role: str) -> None:
    nobody = free_port()
    database = f"postgresql://turnup:hunter2@127.0.0.1:{nobody}/turnup"
    line = said(fleet, role, DATABASE_URL=database)
    assert f"turnup:***@127.0.0.1:{nobody}/turnup does not answer" in line
    broker = f"amqp://turnup:hunter2@127.0.0.1:{nobody}/"
    line = said(fleet, role, BROKER_URL=broker)
    assert (
        f"the broker amqp://turnup:***@127.0.0.1:{nobody}/ cannot be used: Connection refused"
        in line
    )


def test_a_role_that_cannot_use_its_database_says_what_to_do(fleet: Fleet) -> None:
    empty = fleet.servers.postgres.create_database()
    line = said(fleet, "worker", DATABASE_URL=empty)
    assert "has no tables yet; make them with: turnup db upgrade" in line
    assert "TURNUP_SECRET_KEYS: is not set" in said(fleet, "worker", SECRET_KEYS="")


def test_a_broker_that_does_not_let_us_in_is_named_without_the_password(fleet: Fleet) -> None:
    url = fleet.servers.rabbit.url.replace("guest:guest", "guest:hunter2")
    line = said(fleet, "worker", BROKER_URL=url)
    assert "the broker amqp://guest:***@127.0.0.1" in line
    assert "hunter2" not in line


def test_a_port_that_is_taken_is_named(fleet: Fleet) -> None:
    taken = f"127.0.0.1:{fleet.vendor.port}"
    assert said(fleet, "api", LISTEN=taken).startswith(f"turnup: TURNUP_LISTEN: {taken}: ")
    other = str(fleet.directory / "other.db")
    line = said(fleet, "simulator", SIMULATOR_LISTEN=taken, SIMULATOR_DATABASE=other)
    assert line.startswith(f"turnup: TURNUP_SIMULATOR_LISTEN: {taken}: ")


def test_a_simulator_says_why_it_cannot_use_its_file(fleet: Fleet) -> None:
    port = f"127.0.0.1:{free_port()}"
    line = said(fleet, "simulator", SIMULATOR_LISTEN=port)
    assert line.startswith("turnup: TURNUP_SIMULATOR_DATABASE: ")


def test_a_worker_whose_engine_dies_ends_with_1_and_does_not_hang(fleet: Fleet) -> None:
    settings = {"TURNUP_DATABASE_URL": fleet.servers.postgres.create_database()}
    environment = fleet.environment | settings
    assert run_turnup("db", "upgrade", environment=environment).returncode == 0
    with psycopg.connect(settings["TURNUP_DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("DROP TABLE worker")
    done = run_turnup("worker", environment=environment)
    assert done.returncode == 1
    assert "NotStored" in done.stderr
