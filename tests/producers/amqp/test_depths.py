"""What the queues of a broker hold is told as it is, and a broker that is away is no trouble."""

import socket
import time

import pytest

from producers.amqp.depths import depths
from producers.amqp.topology import COMMANDS, REJECTED, channel_to
from schema.queue import queue_name
from tests.servers.rabbit import RabbitServer

#: Longer than a scrape waits for a broker, also on a busy machine, in seconds.
PATIENCE = 10.0

pytestmark = pytest.mark.usefixtures("upstream")


def test_the_depth_of_each_queue_is_told_and_those_missing_are_left_out(
    rabbit_server: RabbitServer,
) -> None:
    channel = channel_to(rabbit_server.url)
    name = queue_name("depths")
    channel.queue_declare(name, exclusive=False, auto_delete=False)
    channel.queue_purge(COMMANDS)
    channel.queue_purge(REJECTED)
    channel.confirm_delivery()
    for _ in range(3):
        channel.basic_publish("", name, b"look")
    found = depths(rabbit_server.url, ["missing", "depths"])
    channel.queue_delete(name)
    channel.connection.close()
    assert found == {name: 3, COMMANDS: 0, REJECTED: 0}


def test_a_broker_that_is_away_is_left_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert depths(f"amqp://guest:guest@127.0.0.1:{port}", ["depths"]) == {}


def test_a_broker_that_says_nothing_is_not_waited_for_long() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        url = f"amqp://guest:guest@127.0.0.1:{silent.getsockname()[1]}"
        assert depths(url, ["depths"]) == {}
    assert time.monotonic() - begun < PATIENCE
