"""The measurements: workload W, latency at a steady pace, and the takeover from a worker that was killed."""

import asyncio
import signal
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from schema.ids import key_of
from tests.bench.client import Client
from tests.bench.looks import Looks
from tests.bench.processes import Watch
from tests.bench.systems import EMBEDDED, WORKERS, System

#: A steady pace, in operations a second, and for how long, in seconds.
PACE, STEADY = 20, 15

#: Between two looks whether all has ended, and whether one operation has, in seconds.
GLANCE, BLINK = 0.1, 0.002

#: Operations that are in flight when their worker is killed, how long each is busy, and how long to wait, in seconds.
HELD, PAUSE, PATIENCE = 40, 12, 60

#: Before the measurement: first requests compile statements, connect, and so on.
WARM_UP = 500

MILLI, MEGA = 1_000, 1_000_000


@dataclass(frozen=True)
class Figures:
    """What one run found out; times in milliseconds, memory in megabytes, takeover in seconds."""

    operations: int
    accepted_per_second: float
    completed_per_second: float
    published_per_second: float
    cpu_per_operation: float
    cpu_of: dict[str, float]
    memory: float
    memory_of: dict[str, float]
    bytes_per_operation: float
    p50: float
    p99: float
    takeover: float | None = None
    versions: dict[str, str] = field(default_factory=dict)


async def measure(system: System, operations: int, *, is_worker_killed: bool = True) -> Figures:
    """Measure one system that has just been started; a single process has no worker to kill."""
    async with _client_of(system) as client:
        with Looks(system.database) as looks:
            await client.submit(WARM_UP)
            await _until_all_ended(looks)
            await _until_all_sent(looks)
            size = looks.size()
            watch = Watch(system.groups)
            begun = time.time()
            await client.submit(operations)
            accepted = time.time()
            await _until_all_ended(looks)
            ended = looks.last_end()
            await _until_all_sent(looks)
            sent, cpu = time.time(), watch.cpu()
            watch.stop()
            grown = looks.size() - size
            taken = sorted(await _latencies(client, looks))
            kills = is_worker_killed and system.mode != EMBEDDED
            takeover = await _takeover(system, client, looks) if kills else None
            database = "SQLite" if looks.is_sqlite else "PostgreSQL"
            return Figures(
                operations,
                operations / (accepted - begun),
                operations / (ended - begun),
                operations / (sent - begun),
                sum(cpu.values()) * MILLI / operations,
                {name: used * MILLI / operations for name, used in cpu.items()},
                sum(watch.peaks.values()) / MEGA,
                {name: peak / MEGA for name, peak in watch.peaks.items()},
                grown / operations,
                statistics.median(taken) * MILLI,
                taken[len(taken) * 99 // 100] * MILLI,
                takeover,
                {database: looks.version()},
            )


@asynccontextmanager
async def _client_of(system: System) -> AsyncIterator[Client]:
    """Give a client of a system that is ready to work, customers known."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, system.address)
        await asyncio.wait_for(client.until_ready(), PATIENCE)
        if system.mode != EMBEDDED:
            for _ in range(WORKERS):
                await system.add_worker()
        await client.load_customers()
        yield client


async def _until_all_ended(looks: Looks) -> None:
    """Wait until no operation is open."""
    while looks.is_anything_open():  # noqa: ASYNC110  another process ends them
        await asyncio.sleep(GLANCE)


async def _until_all_sent(looks: Looks) -> None:
    """Wait until every event is with the broker: its CPU is part of an operation, a steady pace begins in peace."""
    while looks.is_anything_unsent():  # noqa: ASYNC110  another process sends them
        await asyncio.sleep(GLANCE)


async def _latencies(client: Client, looks: Looks) -> list[float]:
    """Return the seconds from handing a command in until its end could be seen, at a steady pace."""
    open_: dict[int, float] = {}
    taken: list[float] = []

    async def hand_in() -> None:
        name, begun = await client.submit_one()
        open_[key_of("op", name)] = begun

    async def watch() -> None:
        while len(taken) < PACE * STEADY:
            ended = looks.ended(open_) if open_ else set()
            taken.extend(time.time() - open_.pop(key) for key in ended)
            await asyncio.sleep(BLINK)

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        for number in range(PACE * STEADY):
            await asyncio.sleep(begun + number / PACE - time.monotonic())
            group.create_task(hand_in())
    return taken


async def _takeover(system: System, client: Client, looks: Looks) -> float:
    """Kill a worker with `kill -9`; return after how many seconds all that it had is in another's hands."""
    await system.add_worker()
    await client.submit(HELD, PAUSE)
    while len(owners := looks.owners()) < HELD:  # noqa: ASYNC110  another process claims them
        await asyncio.sleep(GLANCE)
    victim = max(system.workers, key=list(owners.values()).count)
    held = {key for key, owner in owners.items() if owner == victim}
    system.workers[victim].send_signal(signal.SIGKILL)
    begun = time.monotonic()
    while held and time.monotonic() - begun < PATIENCE:
        held -= {key for key, owner in looks.owners().items() if owner != victim}
        await asyncio.sleep(GLANCE)
    return time.monotonic() - begun
