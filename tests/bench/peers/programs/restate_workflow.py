"""Restate: a workflow of three steps in two hypercorn processes, on a server with one partition."""

import asyncio
import json
import os
import sys
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import aiohttp
import restate
from hypercorn.config import Config
from hypercorn.run import run

from tests.bench.peers.programs.driver import STEPS, Process, drive, launch, workers
from tests.servers.process import free_port

MODULE = "tests.bench.peers.programs.restate_workflow"

#: Requests of the client that are under way at once: each is one operation.
AT_ONCE = 32

#: Calls in one connection of the server to the workflow.
STREAMS = 20

#: Up to so many operations are asked for one by one, which is quicker than a query.
FEW = 10

INGRESS, ADMIN, FABRIC, SERVICE = (free_port() for _ in range(4))

line = restate.Workflow("line")


@line.main()
async def activate(context: restate.WorkflowContext, _key: str) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for step in STEPS:
        facts |= await context.run_typed(step.__name__, step)
    return facts


app = restate.app([line])


def work(port: str) -> None:
    """Serve; by default hypercorn ends a connection after 1,000 calls, which stalls all that are in it.

    The server opens further connections when one is full: with few calls in each, both processes get some.
    """
    config = Config()
    config.application_path = f"{MODULE}:app"
    config.bind = [f"127.0.0.1:{port}"]
    config.workers = 2
    config.worker_class = "uvloop"
    config.keep_alive_max_requests = sys.maxsize
    config.keep_alive_timeout = 3_600
    config.h2_max_concurrent_streams = STREAMS
    run(config)


def start() -> list[Process]:
    settings = {
        "RESTATE_DEFAULT_NUM_PARTITIONS": "1",
        "RESTATE_DISABLE_TELEMETRY": "true",
        "RESTATE_LISTEN_MODE": "tcp",
        "RESTATE_BIND_ADDRESS": f"127.0.0.1:{FABRIC}",
        "RESTATE_ADMIN__BIND_ADDRESS": f"127.0.0.1:{ADMIN}",
        "RESTATE_INGRESS__BIND_ADDRESS": f"127.0.0.1:{INGRESS}",
    }
    assigned = (f"{name}={value}" for name, value in settings.items())
    server = launch("server", "env", *assigned, os.environ["PEER_SERVER"], "--no-logo")
    processes = [server, *workers(1, "-m", MODULE, str(SERVICE))]
    client()[0].run(register())
    return processes


@cache
def client() -> tuple[asyncio.Runner, aiohttp.ClientSession]:
    runner = asyncio.Runner()

    async def connect() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(headers={"Accept": "application/json"})

    return runner, runner.run(connect())


async def register() -> None:
    """Tell the server where the workflow is, as soon as both are there."""
    body = {"uri": f"http://127.0.0.1:{SERVICE}"}
    while True:
        try:
            if (await post(f"http://127.0.0.1:{ADMIN}/deployments", body))[0] == 201:
                return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)


async def post(url: str, body: object) -> tuple[int, Any]:
    async with client()[1].post(url, json=body) as answer:
        return answer.status, json.loads(await answer.read())


async def has_output(key: str) -> bool:
    url = f"http://127.0.0.1:{INGRESS}/restate/workflow/line/{key}/output"
    async with client()[1].get(url) as answer:
        return answer.status == 200


def submit(keys: Sequence[str]) -> None:
    left = iter(keys)

    async def hand_in() -> None:
        for key in left:
            url = f"http://127.0.0.1:{INGRESS}/line/{key}/activate/send"
            status, told = await post(url, key)
            assert status in {200, 202}, told

    async def hand_all_in() -> None:
        await asyncio.gather(*(hand_in() for _ in range(AT_ONCE)))

    client()[0].run(hand_all_in())


def ended(keys: Collection[str]) -> set[str]:
    if len(keys) <= FEW:
        return {key for key in keys if client()[0].run(has_output(key))}
    query = (
        "SELECT target_service_key FROM sys_invocation WHERE status = 'completed' AND"
        " target_service_name = 'line' AND target_service_key IN "
    )
    named = ",".join(f"'{key}'" for key in keys)
    body = {"query": f"{query} ({named})"}
    status, told = client()[0].run(post(f"http://127.0.0.1:{ADMIN}/query", body))
    assert status == 200, told
    return {row["target_service_key"] for row in told["rows"]}


if __name__ == "__main__":
    work(sys.argv[1]) if sys.argv[1:] else drive(start, submit, ended)
