"""The programs of the servers: found on this machine, installed with apt (as root), or Docker's."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path


class ProgramMissing(Exception):
    """Raised when a server's programs are neither here nor to be had; says what to install."""


@dataclass(frozen=True)
class Server:
    """One kind of server: the program it is known by, what it needs beside, and all the ways to get it."""

    name: str
    program: str
    places: tuple[str, ...]
    package: str
    image: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Programs:
    """Where a server's programs are: a directory, or a Docker image."""

    directory: Path | None
    image: str


POSTGRES = Server(
    name="PostgreSQL",
    program="initdb",
    places=("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"),
    package="postgresql",
    image="postgres:17",
)

#: Debian's scripts in /usr/sbin change the user; those behind them run as whoever calls them.
RABBIT = Server(
    name="RabbitMQ",
    program="rabbitmq-server",
    places=("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", "/opt/homebrew/opt/rabbitmq/sbin"),
    package="rabbitmq-server",
    image="rabbitmq:4",
)

KAMAILIO = Server(
    name="Kamailio",
    program="kamailio",
    places=("/usr/sbin", "/usr/local/sbin"),
    package="kamailio kamailio-sqlite-modules kamailio-postgres-modules kamailio-json-modules postgresql-client",
    parts=("/usr/share/kamailio/db_sqlite", "/usr/share/kamailio/postgres", "/usr/bin/psql"),
)

#: Plays the phones that register there.
SIPP = Server(name="SIPp", program="sipp", places=("/usr/bin",), package="sip-tester")

SERVERS = (POSTGRES, RABBIT, KAMAILIO, SIPP)


def obtain(server: Server) -> Programs:
    """Find the programs of `server` or install them; ProgramMissing when neither works."""
    directory = find(server)
    if directory is None and os.geteuid() == 0 and shutil.which("apt-get"):
        install(server.package)
        directory = find(server)
    if directory is None and not (server.image and has_docker()):
        message = (
            f"{server.name} is missing: install {server.package}, or run as root "
            f"where there is apt-get{', or start Docker' if server.image else ''}"
        )
        raise ProgramMissing(message)
    return Programs(directory, server.image)


def find(server: Server) -> Path | None:
    """The directory of the newest installed version that lacks nothing, or None."""
    if not all(Path(part).exists() for part in server.parts):
        return None
    for place in server.places:
        top, star, _ = place.partition("*")
        pattern = place.removeprefix("/")
        found = Path("/").glob(pattern) if star else [Path(top)]
        for directory in sorted(found, key=version, reverse=True):
            if (directory / server.program).exists():
                return directory
    on_path = shutil.which(server.program)
    return Path(on_path).resolve().parent if on_path else None


def version(directory: Path) -> int:
    """The number in a path such as /usr/lib/postgresql/15/bin, 0 where there is none."""
    return int("0" + "".join(filter(str.isdecimal, str(directory))))


def install(packages: str) -> None:
    """Install some of Debian's packages; RUNLEVEL keeps it from starting a service of its own."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ("apt-get", "--quiet", "--yes", "-o", "DPkg::Lock::Timeout=120")
    for arguments in (("update",), ("install", "--no-install-recommends", *packages.split())):
        run_quietly((*apt, *arguments), environment)


def run_quietly(command: tuple[str, ...], environment: dict[str, str]) -> None:
    """Run a command that only speaks when it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{' '.join(command)} failed: {done.stdout[-1000:]}{done.stderr[-1000:]}"
        raise ProgramMissing(message)


def has_docker() -> bool:
    """Whether containers can be started here."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(("docker", "version"), capture_output=True, check=False)
    return done.returncode == 0
