"""What all tests share: private servers, hypothesis' settings, no skipping in CI, and an end."""

import faulthandler
import os
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

from tests.servers.kamailio import KamailioServer
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer

#: How long the threads of a test may go on after it, and the process after its last test, in seconds.
FAREWELL = 60.0

# The machine is shared, so an example has no time limit; what failed is printed to be played again.
settings.register_profile("house", deadline=None, print_blob=True)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=5000)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _ends_its_threads() -> Iterator[None]:
    """Fail a test that leaves a thread behind: it slows all later ones down, and the process would wait for it."""
    before = threading.enumerate()
    yield
    left = [each for each in threading.enumerate() if each not in before and not each.daemon]
    for each in left:
        each.join(FAREWELL)
    assert [each.name for each in left if each.is_alive()] == []


@pytest.fixture(autouse=True)
def _own_logs() -> Iterator[None]:
    """Forget how a command that ran in this process logs: `turnup run` is silent but for errors."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole session; each test creates a database of its own."""
    with PostgresServer(fsync="off") as server:
        yield server


@pytest.fixture(scope="session")
def rabbit_server() -> Iterator[RabbitServer]:
    """One RabbitMQ for the whole session."""
    with RabbitServer() as server:
        yield server


@pytest.fixture(scope="session", params=("sqlite", "postgres"))
def registrar(request: pytest.FixtureRequest) -> Iterator[KamailioServer]:
    """One SIP registrar of each kind for the whole session; each test has user names of its own."""
    url = None
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database()
    with KamailioServer(url) as registrar:
        yield registrar


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session in CI that skipped a test (what was not run proves nothing), and see to its end."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        reporter.write_line("skipped tests fail in CI", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if not hasattr(session.config, "workerinput"):
        threading.Thread(target=_end, args=(session,), name="end", daemon=True).start()


def _end(session: pytest.Session) -> None:
    """End a process that does not end by itself, saying what held it up."""
    threading.Event().wait(FAREWELL)
    sys.stdout.flush()
    faulthandler.dump_traceback()
    os._exit(session.exitstatus)
