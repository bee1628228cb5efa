"""A server in a Docker container, for machines that have nothing but Docker.

The container is created once and keeps its data; `docker start --attach` is the process that the
guard watches, and hands on the signal that ends the server.
"""

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Container:
    """One container, known by its name."""

    name: str

    @property
    def command(self) -> tuple[str, ...]:
        """What runs it in the foreground."""
        return ("docker", "start", "--attach", self.name)

    def create(self, image: str, port: int, inner_port: int, settings: dict[str, str]) -> None:
        """Make it from `image`, its port open on the loopback interface only."""
        environment = [f"--env={name}={value}" for name, value in settings.items()]
        publish = f"--publish=127.0.0.1:{port}:{inner_port}"
        docker("create", f"--name={self.name}", publish, *environment, image)

    def execute(self, *command: str) -> str:
        """Run a command in it and return what it printed."""
        return docker("exec", self.name, *command)

    def pids(self) -> list[int]:
        """The processes in it, as the machine numbers them."""
        lines = docker("top", self.name, "-eo", "pid").splitlines()
        return sorted(int(line) for line in lines[1:])

    def kill(self) -> None:
        """End all of it at once."""
        docker("kill", self.name)

    def remove(self) -> None:
        """Remove it with its data."""
        docker("rm", "--force", "--volumes", self.name)


def docker(*arguments: str) -> str:
    """Run Docker's program and return what it printed."""
    done = subprocess.run(("docker", *arguments), check=True, capture_output=True, text=True)
    return done.stdout
