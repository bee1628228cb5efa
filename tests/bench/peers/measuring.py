"""One run of one system: a peer with servers of its own, or Turnup, and what it took."""

import asyncio
import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.peers.environments import Environment
from tests.bench.peers.table import Peer
from tests.bench.processes import TOP, Pids, Watch
from tests.bench.systems import System
from tests.bench.workload import MEGA, MILLI, PACE, STEADY, measure
from tests.servers import guard
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer

#: PostgreSQL for all who use it; that nothing is lost on a crash is its default.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
}

#: Before the measurement: connections, first statements and so on.
WARM_UP = 100

#: How long a peer may take for an answer, in seconds.
PATIENCE = 300

#: How much of a log is told when a peer fails, in characters.
END_OF_LOG = 1_500


class PeerFailed(Exception):
    """Raised when a peer ends, or does not answer in time; the text holds the end of its logs."""


@dataclass(frozen=True)
class Run:
    """What one run of a system found out; times in milliseconds, memory in megabytes."""

    operations: int
    accepted_per_second: float
    completed_per_second: float
    cpu_per_operation: float
    cpu_of: dict[str, float]
    memory: float
    memory_of: dict[str, float]
    p50: float
    p99: float


Measure = Callable[[], Run]


def in_turn(
    systems: Mapping[str, Measure], rounds: int, tell: Callable[[str], None]
) -> tuple[dict[str, list[Run]], dict[str, str]]:
    """Run every system once a round, and return the runs; who fails has none, and his reason is returned."""
    runs: dict[str, list[Run]] = {name: [] for name in systems}
    failed: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for name in [each for each in systems if each not in failed]:
            try:
                run = systems[name]()
            except PeerFailed as reason:
                failed[name] = str(reason)
                tell(f"round {number}, {name}: failed")
            else:
                runs[name].append(run)
                done, cpu = run.completed_per_second, run.cpu_per_operation
                tell(f"round {number}, {name}: {done:,.0f}/s, {cpu:.2f} ms")
    return {name: done for name, done in runs.items() if name not in failed}, failed


def measure_turnup(start: Callable[[], AbstractContextManager[System]], operations: int) -> Run:
    """Measure Turnup as `make bench` does, without the takeover."""
    with start() as running:
        figures = asyncio.run(measure(running, operations, is_worker_killed=False))
    return Run(**{each.name: getattr(figures, each.name) for each in fields(Run)})


def measure_peer(peer: Peer, environment: Environment, operations: int) -> Run:
    """Start a peer and its servers anew, and measure it."""
    with _running(peer, environment) as (ask, groups):
        ask(f"burst {WARM_UP}")
        watch = Watch(groups)
        taken = ask(f"burst {operations}")
        cpu = {name: used * MILLI / operations for name, used in watch.cpu().items()}
        watch.stop()
        latencies = sorted(ask(f"steady {PACE} {STEADY}"))
    memory = {name: peak / MEGA for name, peak in watch.peaks.items()}
    return Run(
        operations,
        operations / taken["accepted"],
        operations / taken["completed"],
        sum(cpu.values()),
        cpu,
        sum(memory.values()),
        memory,
        latencies[len(latencies) // 2] * MILLI,
        latencies[len(latencies) * 99 // 100] * MILLI,
    )


Ask = Callable[[str], Any]


@contextmanager
def _running(peer: Peer, environment: Environment) -> Iterator[tuple[Ask, dict[str, Pids]]]:
    """Give a way to tell a running peer what to do, and whose time and memory count."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="turnup-peer-"))).resolve()
        settings = {"PYTHONPATH": str(TOP), "PEER_SERVER": str(environment.server)}
        places = {each: directory / each for each in ("client", "workers", "server")}
        for each in places.values():
            each.mkdir()
        groups: dict[str, Pids] = {
            name: partial(guard.processes_in, place) for name, place in places.items()
        }
        if peer.has_postgres:
            postgres = stack.enter_context(PostgresServer(**SETTINGS))
            settings["PEER_DATABASE"] = postgres.create_database().replace("+psycopg", "")
            groups["postgresql"] = postgres.pids
        if peer.has_rabbit:
            rabbit = stack.enter_context(RabbitServer())
            settings["PEER_BROKER"] = rabbit.url
            groups["rabbitmq"] = rabbit.pids
        with (places["client"] / "output.log").open("ab") as log:
            program = stack.enter_context(
                subprocess.Popen(
                    (str(environment.python), "-m", peer.module),
                    cwd=places["client"],
                    env={**os.environ, **settings},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
            )
        stack.callback(guard.kill_all, directory)
        yield partial(_ask, program, directory), groups


def _ask(program: "subprocess.Popen[str]", directory: Path, order: str) -> Any:
    """Tell a program what to do and return its answer."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"{order}\n")
    program.stdin.flush()
    has_answer, _, _ = select.select([program.stdout], [], [], PATIENCE)
    answer = program.stdout.readline() if has_answer else ""
    if not answer:
        logs = [each.read_text(errors="replace") for each in directory.glob("*/output.log")]
        raise PeerFailed("\n".join(log[-END_OF_LOG:] for log in logs))
    return json.loads(answer)
