"""A stage on PostgreSQL, and a queue on RabbitMQ, for each test of the relay."""

import itertools
from collections.abc import Iterator

import pytest

from tests.producers.relay.stage import Queue, Stage
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer

NAMES = (f"events-{number}" for number in itertools.count(1))


@pytest.fixture
def stage(postgres_server: PostgresServer) -> Iterator[Stage]:
    made = Stage(postgres_server.create_database())
    yield made
    made.close()


@pytest.fixture
def queue(rabbit_server: RabbitServer) -> Iterator[Queue]:
    made = Queue(rabbit_server.url, next(NAMES))
    yield made
    made.delete()
