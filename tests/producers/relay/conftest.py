"""A stage on PostgreSQL, and a queue on RabbitMQ, for each test of the relay."""

import itertools
from collections.abc import Iterator

import pytest

from tests.producers.relay.stage import Queue, Stage, passing_queue
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
    with passing_queue(rabbit_server.url, next(NAMES)) as made:
        yield made
