"""A private PostgreSQL for tests: `with PostgresServer() as server: server.create_database()`."""

import itertools
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from tests.servers.container import Container
from tests.servers.instance import Instance
from tests.servers.process import Launch, free_port, new_directory, unprivileged_user
from tests.servers.programs import POSTGRES, obtain

#: Nothing that the death of the server could lose is switched off: the tests kill it.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "128MB",
}

INITIALLY = (
    "--pgdata=data",
    "--username=turnup",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
)


class PostgresServer:
    """A server with a directory and a port of its own, on the loopback interface only.

    `fsync="off"` is right where a process may die and the machine does not.
    """

    def __init__(self, **settings: str) -> None:
        self.port = free_port()
        self._names = (f"turnup_{number}" for number in itertools.count(1))
        programs = obtain(POSTGRES)
        if programs.directory is None:
            self._instance = in_container(programs.image, self.port)
        else:
            self._instance = on_this_machine(programs.directory, self.port, settings)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._instance.remove()

    def create_database(self) -> str:
        """Create an empty database and return its SQLAlchemy URL."""
        name = next(self._names)
        with psycopg.connect(address(self.port), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://turnup@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        self._instance.start()

    def stop(self) -> None:
        self._instance.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def kill(self) -> None:
        self._instance.kill()

    def pids(self) -> list[int]:
        return self._instance.pids()


def on_this_machine(programs: Path, port: int, changes: Mapping[str, str]) -> Instance:
    """Make a database cluster with the programs found here; PostgreSQL refuses to run as root."""
    user = unprivileged_user("postgres")
    directory = new_directory(user)
    subprocess.run(
        (programs / "initdb", *INITIALLY),
        cwd=directory,
        user=user or None,
        group=user or None,
        extra_groups=[] if user else None,
        check=True,
        capture_output=True,
    )
    place = {"port": str(port), "unix_socket_directories": str(directory)}
    settings = {**SETTINGS, **place, **changes}
    command = (str(programs / "postgres"), "-D", "data")
    options = tuple(f"--{name}={value}" for name, value in settings.items())
    launch = Launch(
        command=command + options,
        directory=directory,
        stop=signal.SIGINT,
        is_ready=lambda: is_ready(port),
        user=user,
    )
    return Instance(directory, (launch,))


def in_container(image: str, port: int) -> Instance:
    """Make the same server with Docker."""
    container = Container(f"turnup-postgres-{port}")
    access = {"POSTGRES_USER": "turnup", "POSTGRES_HOST_AUTH_METHOD": "trust"}
    container.create(image, port, 5432, access)
    directory = new_directory()
    launch = Launch(container.command, directory, signal.SIGINT, lambda: is_ready(port))
    return Instance(directory, (launch,), container)


def address(port: int) -> str:
    """Where the database stands from which others are created."""
    return f"postgresql://turnup@127.0.0.1:{port}/postgres"


def is_ready(port: int) -> bool:
    """Whether the server takes connections."""
    try:
        psycopg.connect(address(port), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
