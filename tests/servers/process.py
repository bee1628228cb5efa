"""Private server processes: each has its own directory, its own ports and a guard."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.servers import guard

#: Seconds that a server may take until it answers, on a busy machine.
PATIENCE = 60.0
#: Seconds between two looks at a server that is starting.
PAUSE = 0.05
#: Where servers listen.
PORTS = range(15_000, 32_000)


class ServerNotStarted(Exception):
    """Raised when a server ended or did not answer in time; the text holds the end of its log."""


@dataclass(frozen=True)
class Launch:
    """How one process is started: what, where, as whom, what ends it, and how it shows life."""

    command: tuple[str, ...]
    directory: Path
    stop: signal.Signals
    is_ready: Callable[[], bool]
    user: str = ""
    environment: dict[str, str] | None = None

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.directory / "output.log"


class Guarded:
    """A running process beside its guard."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        arguments = (str(launch.directory), launch.stop.name, launch.user, *launch.command)
        with launch.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", guard.__file__, *arguments],
                env=launch.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for the server
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        for _ in range(int(PATIENCE / PAUSE)):
            if self._launch.is_ready():
                return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._guard.wait(PAUSE)
                break
        self.stop()
        end = self._launch.log.read_text(encoding="utf-8", errors="replace")[-3000:]
        message = f"{self._launch.command[0]} did not start; its log ends:\n{end}"
        raise ServerNotStarted(message)

    def stop(self) -> None:
        """End it in order, and wait until nothing of it is left."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait()

    def kill(self) -> None:
        """End it as `kill -9` does, and wait until nothing of it is left."""
        guard.kill_all(self._launch.directory)
        self.stop()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on.

    It lies below the ports that the system gives to clients: while a server is away for a restart,
    one of those who try to reach it could get its very port.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def unprivileged_user(preferred: str) -> str:
    """Return who runs a server that refuses root; empty when we are not root ourselves."""
    if os.geteuid() != 0:
        return ""
    users = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
    return preferred if any(user.startswith(f"{preferred}:") for user in users) else "nobody"


def new_directory(user: str = "") -> Path:
    """Make a directory for one server, owned by the user that runs it."""
    directory = Path(tempfile.mkdtemp(prefix="turnup-")).resolve()
    if user:
        shutil.chown(directory, user)
    return directory
