"""The AMQP door on a database and a private RabbitMQ, empty at the start of each test."""

from collections.abc import Iterator, Mapping

import pytest

from producers.amqp.batch import Batches
from producers.amqp.topology import user_in
from producers.api_keys import KeyRing
from producers.intake import Intake
from schema.lifecycle import Product
from schema.store.database import Database
from tests.producers.amqp.upstream import Upstream, upstream_of
from tests.servers.rabbit import RabbitServer


@pytest.fixture
def upstream(rabbit_server: RabbitServer) -> Iterator[Upstream]:
    """An upstream system of this broker, with a queue of all events."""
    with upstream_of(rabbit_server.url) as upstream:
        yield upstream


@pytest.fixture
def batches(
    intake: Intake,
    keys: KeyRing,
    database: Database,
    products: Mapping[str, Product],
    rabbit_server: RabbitServer,
) -> Batches:
    """What settles the messages; it knows the customer acme."""
    return Batches(intake, database, keys, products, user_in(rabbit_server.url), "turnup")
