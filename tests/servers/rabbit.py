"""A private RabbitMQ for tests: `with RabbitServer() as server: connect(server.url)`."""

import os
import secrets
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from tests.servers.container import Container
from tests.servers.instance import Instance
from tests.servers.process import Launch, free_port, new_directory
from tests.servers.programs import RABBIT, obtain

#: Erlang speaks to its own machine only, and does not keep a busy one busier by spinning.
ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} -start_epmd false"
QUIET = "+sbwt none +sbwtdcpu none +sbwtdio none"


class RabbitServer:
    """A node with a directory, ports, a cookie and an Erlang port mapper of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/%2F"
        self._programs = obtain(RABBIT)
        self._environment: dict[str, str] = {}
        self._container: Container | None = None
        if self._programs.directory is None:
            self._container = new_container(self._programs.image, self.port)
            self._instance = in_container(self._container, self.port)
        else:
            directory = new_directory()
            self._environment = prepare(directory, self.port)
            self._instance = on_this_machine(
                self._programs.directory, directory, self._environment, self.port
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._instance.remove()

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl on this node and return what it printed."""
        if self._container is not None:
            return self._container.execute("rabbitmqctl", "--quiet", *arguments)
        assert self._programs.directory is not None
        done = subprocess.run(
            (self._programs.directory / "rabbitmqctl", "--quiet", *arguments),
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

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


def prepare(directory: Path, port: int) -> dict[str, str]:
    """Lay out the directory of a node and return the environment that points all of it there."""
    for name in ("broker", "epmd"):
        (directory / name).mkdir()
    cookie = directory / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(), encoding="ascii")
    cookie.chmod(0o400)
    (directory / "plugins").write_text("[].\n", encoding="ascii")
    (directory / "environment").touch()
    configuration = f"listeners.tcp.default = 127.0.0.1:{port}\ndisk_free_limit.absolute = 50MB\n"
    (directory / "rabbitmq.conf").write_text(configuration, encoding="ascii")
    foreign = ("RABBITMQ_", "ERL_")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return ours | {
        "HOME": str(directory),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "environment"),
        "RABBITMQ_CTL_ERL_ARGS": ERLANG,
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "plugins"),
        "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "broker"),
        "RABBITMQ_LOG_BASE": str(directory / "broker"),
        "RABBITMQ_MNESIA_BASE": str(directory / "broker"),
        "RABBITMQ_NODENAME": f"turnup-{port}@localhost",
        "RABBITMQ_PID_FILE": str(directory / "broker" / "pid"),
        "RABBITMQ_SCHEMA_DIR": str(directory / "broker"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"{ERLANG} {QUIET}",
    }


def on_this_machine(
    programs: Path, directory: Path, environment: dict[str, str], port: int
) -> Instance:
    """Make a node of the programs found here; Erlang's port mapper is started and ended with it."""
    mapper_port = int(environment["ERL_EPMD_PORT"])
    mapper = Launch(
        command=("epmd",),
        directory=directory / "epmd",
        stop=signal.SIGTERM,
        is_ready=lambda: is_open(mapper_port),
        environment=environment,
    )
    broker = Launch(
        command=(str(programs / "rabbitmq-server"),),
        directory=directory / "broker",
        stop=signal.SIGTERM,
        is_ready=lambda: is_ready(port),
        environment=environment,
    )
    return Instance(directory, (mapper, broker))


def new_container(image: str, port: int) -> Container:
    """Create the same node with Docker; its guest may come from outside of the container."""
    container = Container(f"turnup-rabbit-{port}")
    guests = {"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-rabbit loopback_users []"}
    container.create(image, port, 5672, guests)
    return container


def in_container(container: Container, port: int) -> Instance:
    """Make the node of a container that was created."""
    directory = new_directory()
    launch = Launch(container.command, directory, signal.SIGTERM, lambda: is_ready(port))
    return Instance(directory, (launch,), container)


def is_open(port: int) -> bool:
    """Whether somebody listens."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def is_ready(port: int) -> bool:
    """Whether the node answers a greeting in AMQP; it listens when all the rest is up."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
