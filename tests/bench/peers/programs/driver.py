"""What all peers' programs share: the three steps, the environment, and doing as the runner says, a line at a time.

A program runs in an environment of its own and gives three functions: `start` prepares and starts what
works, `submit` makes operations durable and returns, `ended` says which of them have ended.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Process = subprocess.Popen[bytes]
Start = Callable[[], Sequence[Process]]
Submit = Callable[[Sequence[str]], None]
Ended = Callable[[Collection[str]], set[str]]

#: Where the servers are; empty for a peer that has none.
DATABASE, BROKER = os.environ.get("PEER_DATABASE", ""), os.environ.get("PEER_BROKER", "")

#: Requests of the client that are under way at once, as Turnup's client has them.
IN_FLIGHT = 4

#: Between two looks whether all has ended, and whether one operation has, in seconds.
GLANCE, BLINK = 0.1, 0.002

#: How long a process may take to end, in seconds.
FAREWELL = 10


def reserve_number() -> dict[str, object]:
    return {"number": "+390612345678"}


def connect_line() -> dict[str, object]:
    return {"port": "5678"}


def switch_on() -> dict[str, object]:
    return {"is_on": True}


STEPS = (reserve_number, connect_line, switch_on)


def launch(place: str, *command: str) -> Process:
    """Start a process in the directory of the workers or of the server, where its time is counted."""
    directory = Path.cwd().parent / place
    with (directory / "output.log").open("ab") as log:
        return subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)


def workers(count: int, *command: str) -> list[Process]:
    """Start so many processes of Python that do the same."""
    return [launch("workers", sys.executable, *command) for _ in range(count)]


_threads, _idle = ThreadPoolExecutor(IN_FLIGHT), threading.Event()


def side_by_side(submit_one: Callable[[str], object], keys: Iterable[str]) -> None:
    """Submit these operations one by one in each of the client's threads."""
    list(_threads.map(submit_one, keys))


def drive(start: Start, submit: Submit, ended: Ended) -> None:
    """Start the peer; answer `burst COUNT` and `steady PACE SECONDS` with JSON until there is nothing more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is for the log
    processes = start()
    try:
        for line in sys.stdin:
            match line.split():
                case ["burst", count]:
                    told: object = _burst(submit, ended, int(count))
                case ["steady", pace, seconds]:
                    told = _steady(submit, ended, int(pace), int(seconds))
                case _:
                    raise ValueError(line)
            answers.write(json.dumps(told) + "\n")
    finally:
        _end(processes)


def _burst(submit: Submit, ended: Ended, count: int) -> dict[str, float]:
    """Submit so many at once; return the seconds until all were accepted, and until all had ended."""
    begun = time.monotonic()
    keys = [f"burst-{begun}-{number}" for number in range(count)]
    submit(keys)
    accepted = time.monotonic() - begun
    missing = set(keys)
    while missing := missing - ended(missing):
        _idle.wait(GLANCE)
    return {"accepted": accepted, "completed": time.monotonic() - begun}


def _steady(submit: Submit, ended: Ended, pace: int, seconds: int) -> list[float]:
    """Submit one by one at a pace; return the seconds that each took until its end could be seen."""
    begun, count = time.monotonic(), 0
    missing: dict[str, float] = {}
    taken: list[float] = []
    while len(taken) < pace * seconds:
        if count < pace * seconds and time.monotonic() >= begun + count / pace:
            key = f"steady-{count}"
            missing[key] = time.monotonic()
            submit([key])
            count += 1
        now_ended = ended(missing) if missing else set()
        taken += [time.monotonic() - missing.pop(key) for key in now_ended]
        _idle.wait(BLINK)
    return taken


def _end(processes: Sequence[Process]) -> None:
    """End what was started."""
    for each in processes:
        each.send_signal(signal.SIGTERM)
    for each in processes:
        try:
            each.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
