"""One role as a process: started, ended in order, killed or stopped like a machine that hangs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The program as it is installed beside this Python.
TURNUP = str(Path(sys.executable).with_name("turnup"))

#: How long a process may take to end in order, in seconds.
FAREWELL = 30.0


def run_turnup(
    *arguments: str, environment: Mapping[str, str], within: float = 30
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, and return what it said."""
    command = (TURNUP, *arguments)
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=within, check=False
    )


class Process:
    """`turnup <role>` with a log of its own; what it is started with again goes on in the same log."""

    def __init__(self, name: str, directory: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.role = name.partition("-")[0]
        self.log = directory / f"{name}.log"
        self._directory = directory
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it works in the fleet's directory, by which a guard finds it."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                (TURNUP, self.role),
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._signal(signal.SIGKILL)
        self.wait()

    def ask_to_end(self) -> None:
        """Ask it to end in order, and do not wait."""
        self._signal(signal.SIGCONT)
        self._signal(signal.SIGTERM)

    def stop(self) -> int | None:
        """Ask it to end, and return its exit code once it has."""
        self.ask_to_end()
        return self.wait()

    def freeze(self) -> None:
        """Stop it where it is; it does not know."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had been."""
        self._signal(signal.SIGCONT)

    def wait(self) -> int | None:
        """Return its exit code once it has ended."""
        return self._process.wait(FAREWELL) if self._process else None

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what it logged under this name."""
        return [each for each in self._told() if each["event"] == name]

    def told(self, level: str) -> list[dict[str, Any]]:
        """Return what it logged at this level."""
        return [each for each in self._told() if each["level"] == level]

    def text(self) -> str:
        """Return all that it logged."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def _told(self) -> list[dict[str, Any]]:
        """Return the events of its log."""
        lines = self.text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def _signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        if self._process is not None and self.is_running:
            os.kill(self._process.pid, number)
