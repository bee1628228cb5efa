"""Processes under measurement: started with logs to files, watched through /proc, ended in order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

#: The top of the tree; a process works in a directory of its own, where no `.env` lies.
TOP = Path(__file__).parents[2]

TICKS = os.sysconf("SC_CLK_TCK")

#: Between two looks at the memory, in seconds; a look costs a millisecond a process.
PERIOD = 0.5

#: How long a process may take to end, in seconds.
FAREWELL = 20

Pids = Callable[[], Iterable[int]]


Process = subprocess.Popen[bytes]


def start(directory: Path, environment: Mapping[str, str], *arguments: str) -> Process:
    """Start a role of Turnup that logs to a file of its own."""
    with (directory / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(
            (sys.executable, "-m", "tests.bench.role", *arguments),
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(TOP), **environment},
            stdout=log,
            stderr=log,
        )


@contextmanager
def running(processes: Iterable[Process]) -> Iterator[None]:
    """End these processes when the block does."""
    try:
        yield
    finally:
        for each in processes:
            each.send_signal(signal.SIGTERM)
        for each in processes:
            try:
                each.wait(FAREWELL)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()


@dataclass
class Watch:
    """What groups of processes use: CPU in seconds since the start of the watch, and memory at its peak."""

    groups: Mapping[str, Pids]
    peaks: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = {name: _cpu(pids()) for name, pids in self.groups.items()}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def cpu(self) -> dict[str, float]:
        """Return the CPU that each group has used, in seconds."""
        return {name: _cpu(pids()) - self._before[name] for name, pids in self.groups.items()}

    def stop(self) -> None:
        """End the watch."""
        self._stopping.set()
        self._thread.join()

    def _look(self) -> None:
        """Note the memory of all groups now and then; the peak is that of their sum."""
        while not self._stopping.wait(PERIOD):
            now = {name: sum(map(memory, pids())) for name, pids in self.groups.items()}
            if sum(now.values()) > sum(self.peaks.values()):
                self.peaks = now


def _cpu(pids: Iterable[int]) -> float:
    """Return the CPU seconds of processes and of those of their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += sum(map(int, after_name[11:15]))
    return ticks / TICKS


def memory(pid: int) -> int:
    """Return a process's share of the memory, what it shares with others divided among them, in bytes."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
