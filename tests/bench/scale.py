"""`make bench-scale`: what a million operations that wait cost, how quickly Turnup accepts, and how it starts."""

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from schema.store.database import Database
from schema.store.writer import Writer
from tests.bench.__main__ import MODES
from tests.bench.client import Client
from tests.bench.line import PRODUCT
from tests.bench.machine import describe, pin_to_two_cores
from tests.bench.million import MILLION, Rows
from tests.bench.processes import Watch, running, start
from tests.bench.report import Row
from tests.bench.systems import EMBEDDED, ROLES, System
from workers.waker import Waker

#: Commands that are handed in one by one, over so many connections; and how many wait in the end.
SINGLES, CONNECTIONS, WAITING = 3_000, 16, 100_000

#: How long idle processes are watched, in seconds.
IDLE = 20

#: Deadlines that pass within so many seconds, and how long they may take.
DEADLINES, SPREAD, PATIENCE = 2_000, 20, 60

#: Passes of the waker, and what is due in each.
PASSES, DUE = 20, 100

STARTS = 5

LEAST_REFUSAL = 400

MILLI, MEGA, PERCENT = 1_000, 1_000_000, 100

ROWS = {
    "singles": Row("accepted one by one", "/s", {EMBEDDED: 600, ROLES: 600}, is_more_better=True),
    "bulk": Row("accepted in bulk", "/s", {EMBEDDED: 5_000, ROLES: 5_000}, is_more_better=True),
    "memory": Row("memory at peak, 100,000 waiting", "MB", {EMBEDDED: 250, ROLES: 400}),
    "idle": Row("CPU of all idle processes, 1,000,000 waiting", "%", {EMBEDDED: 1, ROLES: 1}),
    "late_p50": Row("deadlines decided late by, p50", "s", {}),
    "late_p99": Row("deadlines decided late by, p99", "s", {EMBEDDED: 1, ROLES: 1}),
    "waker_pass": Row("a waker pass with 100 due", "ms", {EMBEDDED: 20, ROLES: 10}),
    "start": Row("start to first accepted command", "s", {EMBEDDED: 1.5, ROLES: 2}),
}

Found = dict[str, float]


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES))
    parser.add_argument(
        "--only", choices=("idle", "start"), help="how it starts, or what idle processes cost"
    )
    parser.add_argument("--json", type=Path, default=Path("dist/scale.json"))
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started ends with us
    console, cores = Console(), pin_to_two_cores()
    console.print(f"cores {cores}, load {os.getloadavg()[0]:.1f}")
    results: dict[str, Found] = {}
    for mode in asked.modes:
        with MODES[mode]() as system:
            results[mode] = asyncio.run(MEASURES[asked.only](system))
        show(console, mode, results[mode])
    told = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {**describe(cores), "load_at_the_end": os.getloadavg()},
        "modes": results,
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    console.print(f"load {os.getloadavg()[0]:.1f} now; written to {asked.json}")
    return 0


async def starting(system: System) -> Found:
    """Measure how quickly one system accepts after its start, with nothing in its database but customers."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, system.address)
        await client.until_ready()
        await client.load_customers()
    await _end(system)
    return {"start": await _start(system)}


async def idling(system: System) -> Found:
    """Measure what one system costs that has nothing to do; how much waits is the same to it."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, system.address)
        await client.until_ready()
        if system.mode != EMBEDDED:
            await system.add_worker()
        await client.load_customers()
        await client.submit_one()
    await asyncio.sleep(IDLE / 4)
    return {"idle": await _idle(system)}


async def measure(system: System) -> Found:
    """Measure one system that has just been started."""
    ours = {"turnup": system.groups["turnup"]}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        client = Client(session, system.address)
        await client.until_ready()
        if system.mode != EMBEDDED:
            await system.add_worker()
        await client.load_customers()
        async with session.post(f"{system.address}/v1/products/line/pause", json={}) as answer:
            assert answer.status < LEAST_REFUSAL, await answer.text()
        watch = Watch(ours)
        found = {"singles": await _one_by_one(client)}
        found["bulk"] = await _in_bulk(client)
        await asyncio.sleep(IDLE / 4)
        watch.stop()
        found["memory"] = watch.peaks["turnup"] / MEGA
        rows = Rows(system.database)
        rows.forget()
        async with session.post(f"{system.address}/v1/products/line/resume", json={}) as answer:
            assert answer.status < LEAST_REFUSAL, await answer.text()
    try:
        return {**found, **await _with_a_million(system, rows), "start": await _start(system)}
    finally:
        rows.close()


async def _one_by_one(client: Client) -> float:
    """Return how many commands a second are accepted, each in a request of its own."""
    left = iter(range(SINGLES))

    async def hand_in() -> None:
        for _ in left:
            await client.submit_one()

    begun = time.monotonic()
    await asyncio.gather(*(hand_in() for _ in range(CONNECTIONS)))
    return SINGLES / (time.monotonic() - begun)


async def _in_bulk(client: Client) -> float:
    """Return how many commands a second are accepted in batches."""
    begun = time.monotonic()
    await client.submit(WAITING - SINGLES)
    return (WAITING - SINGLES) / (time.monotonic() - begun)


async def _with_a_million(system: System, rows: Rows) -> Found:
    """Return what a million operations cost that wait, beside the processes and then without them."""
    first = rows.fill()
    await asyncio.sleep(IDLE / 4)
    idle = await _idle(system)
    rows.fall_due(first, DEADLINES, SPREAD)
    until = time.monotonic() + PATIENCE
    while len(late := rows.lateness(first, DEADLINES)) < DEADLINES:
        assert time.monotonic() < until, f"{len(late)} of {DEADLINES} deadlines were decided"
        await asyncio.sleep(1)
    await _end(system)
    rows.wake(first + DEADLINES, DUE)
    return {
        "idle": idle,
        "late_p50": statistics.median(late),
        "late_p99": late[len(late) * 99 // 100],
        "waker_pass": _pass(system),
    }


async def _idle(system: System) -> float:
    """Return what all processes use while nothing happens, in percent of a core."""
    watch = Watch({"turnup": system.groups["turnup"]})
    await asyncio.sleep(IDLE)
    cpu = watch.cpu()["turnup"]
    watch.stop()
    return cpu / IDLE * PERCENT


def _pass(system: System) -> float:
    """Return how long a pass takes, in milliseconds, in which nothing is remembered and nobody takes anything."""
    database = Database(system.database)
    writer = Writer(database, {"line": PRODUCT})
    writer.start()
    offered: list[int] = []
    waker = Waker(database, writer, {"line": PRODUCT}, lambda _, keys: offered.extend(keys))
    waker.once()
    taken = []
    for _ in range(PASSES):
        offered.clear()
        waker.offer_again()
        begun = time.perf_counter()
        waker.once()
        taken.append(time.perf_counter() - begun)
        assert len(offered) == DUE, f"{len(offered)} were offered"
    writer.stop()
    database.close()
    return statistics.median(taken) * MILLI


async def _end(system: System) -> None:
    """End all processes of Turnup."""
    for pid in system.groups["turnup"]():
        os.kill(pid, signal.SIGTERM)
    for pid in system.groups["turnup"]():
        while _is_running(pid):  # noqa: ASYNC110  another process
            await asyncio.sleep(0.1)


def _is_running(pid: int) -> bool:
    """Return whether a process has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def _start(system: System) -> float:
    """Return how long it takes from the start of what has the door to the first accepted command."""
    taken = []
    role = "serve" if system.mode == EMBEDDED else "api"
    async with aiohttp.ClientSession() as session:
        for number in range(STARTS):
            begun = time.monotonic()
            process = start(system.directory, system.environment, role)
            with running([process]):
                await _first(Client(session, system.address, begins=(number + 1) * 10 * MILLION))
                taken.append(time.monotonic() - begun)
    return statistics.median(taken)


async def _first(client: Client) -> None:
    """Hand a command in until it is accepted."""
    while True:
        try:
            await client.submit_one()
        except aiohttp.ClientError:
            await asyncio.sleep(0.01)
        else:
            return


MEASURES = {None: measure, "idle": idling, "start": starting}


def show(console: Console, mode: str, found: Found) -> None:
    """Print the figures of one mode."""
    table = Table("figure", title=f"{mode}: scale")
    for name in ("measured", "target", "verdict"):
        table.add_column(name, justify="right")
    for name, value in found.items():
        row = ROWS[name]
        target = row.targets.get(mode)
        wanted = "" if target is None else f"{'>=' if row.is_more_better else '<='} {target:,g}"
        verdict = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}
        shown = f"{value:,.0f}" if value >= PERCENT else f"{value:.3g}"
        table.add_row(row.name, f"{shown} {row.unit}", wanted, verdict[row.is_met(mode, value)])
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
