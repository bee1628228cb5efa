"""The two systems that are measured: one process on SQLite, and one process a role on PostgreSQL and RabbitMQ."""

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pika

from schema.discovery import find_products
from schema.sealing import new_key
from tests.bench.looks import Looks
from tests.bench.processes import Pids, Process, running, start
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port
from tests.servers.rabbit import RabbitServer

EMBEDDED, ROLES = "embedded", "roles"

#: On two cores a second worker costs more than it gives; the takeover needs one.
WORKERS = 1

EXCHANGE, QUEUE = "turnup.events", "bench.events"


@dataclass(frozen=True)
class System:
    """A running Turnup: its door, its database, whose CPU and memory count, and its workers by the key of their row."""

    mode: str
    address: str
    database: str
    groups: Mapping[str, Pids]
    directory: Path
    environment: Mapping[str, str]
    workers: dict[int, Process] = field(default_factory=dict)

    async def add_worker(self) -> None:
        """Start a worker, and wait until it has its lease."""
        with Looks(self.database) as looks:
            known = set(looks.workers())
            process = start(self.directory, self.environment, "worker", "--products", "line")
            while not (new := set(looks.workers()) - known):
                assert process.poll() is None, f"a worker ended; see {self.directory}/worker.log"
                await asyncio.sleep(0.05)
        self.workers[new.pop()] = process


@contextmanager
def embedded() -> Iterator[System]:
    """Give a `turnup serve` on a new SQLite database."""
    with TemporaryDirectory(prefix="turnup-bench-") as name, ExitStack() as stack:
        directory, database = Path(name), f"sqlite:///{name}/turnup.db"
        environment, address = _environment(database)
        serve = start(directory, environment, "serve")
        stack.enter_context(running([serve]))
        groups = {"turnup": lambda: [serve.pid], "client": _client}
        yield System(EMBEDDED, address, database, groups, directory, environment)


@contextmanager
def roles(**settings: str) -> Iterator[System]:
    """Give one process a role on a PostgreSQL and a RabbitMQ of its own, with a queue that takes every event."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="turnup-bench-")))
        postgres = stack.enter_context(PostgresServer(**settings))
        rabbit = stack.enter_context(RabbitServer())
        database = postgres.create_database()
        more = {"TURNUP_BROKER_URL": rabbit.url, "TURNUP_SECRET_KEYS": new_key()}
        environment, address = _environment(database, **more)
        start(directory, environment, "db", "upgrade").wait()
        bind_events(rabbit.url)
        others = [start(directory, environment, name) for name in ("api", "waker", "relay")]
        workers: dict[int, Process] = {}
        groups = {
            "turnup": lambda: [each.pid for each in (*others, *workers.values())],
            "postgresql": postgres.pids,
            "rabbitmq": rabbit.pids,
            "client": _client,
        }
        stack.enter_context(running(others))
        stack.callback(lambda: _end(list(workers.values())))
        yield System(ROLES, address, database, groups, directory, environment, workers)


def bind_events(url: str) -> None:
    """Bind a quorum queue to all events, as an upstream system would; nobody reads it."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.exchange_declare(EXCHANGE, "topic", durable=True)
    channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    channel.queue_bind(QUEUE, EXCHANGE, "#")
    connection.close()


def _environment(database: str, **more: str) -> tuple[dict[str, str], str]:
    """Return the settings of all processes, defaults but for addresses, and the address of the door."""
    listen = f"127.0.0.1:{free_port()}"
    names = {*find_products(), "line"}
    platforms = {f"TURNUP_PLATFORM_{name.upper()}_URL": "http://127.0.0.1:9" for name in names}
    settings = {"TURNUP_DATABASE_URL": database, "TURNUP_LISTEN": listen}
    return {**settings, **platforms, **more}, f"http://{listen}"


def _client() -> list[int]:
    """Return the process that is the client: this one."""
    return [os.getpid()]


def _end(workers: Sequence[Process]) -> None:
    """End the workers that were started meanwhile."""
    with running(workers):
        pass
