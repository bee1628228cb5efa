"""Real servers and a fleet of real processes for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer
from tests.system.fleet import Fleet, Servers

#: Makes a fleet with these settings; its processes end with the test.
MakeFleet = Callable[..., Fleet]


@pytest.fixture
def servers(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> Iterator[Servers]:
    """The session's servers; a test may restart them, and finds them running."""
    made = Servers(postgres_server, rabbit_server)
    yield made
    made.start()


@pytest.fixture
def make_fleet(servers: Servers, tmp_path: Path) -> Iterator[MakeFleet]:
    """Make the fleet of a test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Fleet(servers, tmp_path, **settings))
