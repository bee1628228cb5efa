"""`python -m tests.bench.fair`: measure what one product or customer does to the others."""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from schema.discovery import find_products
from tests.bench.fair.platforms import Platforms, platforms
from tests.bench.fair.upstream import Upstream, until_ready
from tests.bench.looks import Looks
from tests.bench.processes import TOP, running
from tests.bench.systems import roles
from tests.servers.process import free_port

#: Operations on the slow platform, and of the bulks on the slow platform and on none.
SLOW_OPERATIONS, SLOW_BULK, BULK = 1_000, 10_000, 100_000

#: For how long single commands are handed in, and how many a second beside the slow product, in seconds.
STEADY, PACE = 20, 20

#: How long Turnup may take to open its door, in seconds.
PATIENCE = 60

Told = dict[str, object]


async def slow_beside_quick(upstream: Upstream, played: Platforms) -> Told:
    """Carry out operations on the slow platform, with the quick one at a steady pace beside them."""
    alone = await _for_a_while(upstream, "quick", 1 / PACE, 5)
    stop, begun = asyncio.Event(), time.monotonic()
    beside = asyncio.create_task(upstream.singles("quick", 1 / PACE, stop))
    await upstream.until_ended(await upstream.bulk("slow", SLOW_OPERATIONS, 100))
    took = time.monotonic() - begun
    stop.set()
    found = {"quick_alone": _spread(alone), "quick_beside_slow": _spread(await beside)}
    calls = {"calls": played.answered["slow"], "most_calls_at_once": played.most["slow"]}
    return {"slow_operations": SLOW_OPERATIONS, "seconds": round(took, 2), **calls, **found}


async def slow_bulk(upstream: Upstream, _played: Platforms) -> Told:
    """Hand in one customer's bulk for the slow platform, then another's single commands for the same."""
    alone = await upstream.single("slow")
    await upstream.bulk("slow", SLOW_BULK, 1_000)
    found = await _for_a_while(upstream, "slow", 1, STEADY)
    return {"bulk": SLOW_BULK, "single_alone": round(alone, 2), "single_beside": _spread(found)}


async def bulk(upstream: Upstream, _played: Platforms) -> Told:
    """Hand in one customer's bulk for no platform, then another's single commands for the same product."""
    stop, begun = asyncio.Event(), time.monotonic()
    during = asyncio.create_task(upstream.singles("line", 1, stop))
    await upstream.bulk("line", BULK, 100)
    took = time.monotonic() - begun
    stop.set()
    found = {"single_while_accepting": _spread(await during)}
    after = await _for_a_while(upstream, "line", 1, STEADY)
    return {"bulk": BULK, "accepted_in": round(took, 1), **found, "single_after": _spread(after)}


MEASUREMENTS: dict[str, Callable[[Upstream, Platforms], Awaitable[Told]]] = {
    "slow_beside_quick": slow_beside_quick,
    "slow_bulk": slow_bulk,
    "bulk": bulk,
}


#: The same as `bulk`, in one process a role.
ON_ROLES = "bulk_on_roles"


async def measure(name: str) -> Told:
    """Make one measurement, on a Turnup of its own."""
    async with platforms() as played, aiohttp.ClientSession() as session:
        with _served(played) as (address, database):
            await asyncio.wait_for(until_ready(session, address), PATIENCE)
            with Looks(database) as looks:
                upstream = Upstream(session, address, looks)
                await upstream.load_customers()
                told = await MEASUREMENTS[name](upstream, played)
                return {**told, "singles_at_the_door": _spread(upstream.at_the_door)}


async def bulk_on_roles() -> Told:
    """Hand in the same bulk where a process a role works on PostgreSQL and RabbitMQ."""
    with roles() as system, Looks(system.database) as looks:
        async with aiohttp.ClientSession() as session:
            await asyncio.wait_for(until_ready(session, system.address), PATIENCE)
            await system.add_worker()
            upstream = Upstream(session, system.address, looks)
            await upstream.load_customers()
            return await bulk(upstream, Platforms())


@contextmanager
def _served(played: Platforms) -> Iterator[tuple[str, str]]:
    """Give the address and the database of a new `turnup serve`."""
    with TemporaryDirectory(prefix="turnup-fair-") as name:
        listen, database = f"127.0.0.1:{free_port()}", f"sqlite:///{name}/turnup.db"
        nowhere = dict.fromkeys((*find_products(), "line"), "http://127.0.0.1:9")
        urls = {**nowhere, **played.urls}
        named = {f"TURNUP_PLATFORM_{each.upper()}_URL": url for each, url in urls.items()}
        settings = {"TURNUP_DATABASE_URL": database, "TURNUP_LISTEN": listen, **named}
        with (Path(name) / "serve.log").open("ab") as log:
            command = (sys.executable, "-m", "tests.bench.fair.role", "serve")
            environment = {**os.environ, "PYTHONPATH": str(TOP), **settings}
            serve = subprocess.Popen(command, cwd=name, env=environment, stdout=log, stderr=log)
        with running([serve]):
            yield f"http://{listen}", database


async def _for_a_while(
    upstream: Upstream, product: str, pause: float, seconds: float
) -> list[float]:
    """Hand in single commands for so long; return how long each took."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    return await upstream.singles(product, pause, stop)


def _spread(taken: Sequence[float]) -> dict[str, float]:
    """Return the middle, the 99th percentile and the worst of times, in milliseconds."""
    ordered = sorted(taken)
    found = {
        "p50": statistics.median(ordered),
        "p99": ordered[len(ordered) * 99 // 100],
        "worst": ordered[-1],
    }
    return {"count": len(ordered), **{name: round(each * 1000) for name, each in found.items()}}


def main() -> int:
    """Measure what was asked for, and print it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fair", description=__doc__)
    parser.add_argument(
        "measurements", nargs="*", metavar="MEASUREMENT", help=", ".join((*MEASUREMENTS, ON_ROLES))
    )
    for name in parser.parse_args().measurements or (*MEASUREMENTS, ON_ROLES):
        measured = asyncio.run(bulk_on_roles() if name == ON_ROLES else measure(name))
        told = {name: measured, "load": round(os.getloadavg()[0], 1)}
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
