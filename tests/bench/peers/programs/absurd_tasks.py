"""Absurd: a task of three steps from a queue in PostgreSQL, two processes that claim ten at a time."""

import sys
from collections.abc import Collection, Sequence
from typing import Any

import absurdctl
from absurd_sdk import Absurd

from tests.bench.peers.programs.driver import (
    DATABASE,
    STEPS,
    Process,
    drive,
    side_by_side,
    workers,
)
from tests.bench.peers.programs.rows import connection, found

QUEUE, TASK = "lines", "activate"

#: Tasks that a process claims at once, and seconds that it waits where there are none.
BATCH, POLL = 10, 0.02


def activate(_params: dict[str, Any], context: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for step in STEPS:
        facts |= context.step(step.__name__, step)
    return facts


def work() -> None:
    app = Absurd(DATABASE, QUEUE)
    app.register_task(name=TASK)(activate)
    app.start_worker(batch_size=BATCH, poll_interval=POLL)


def start() -> list[Process]:
    connection().execute(absurdctl.BUNDLED_SCHEMA_SQL)
    Absurd(connection(), QUEUE).create_queue()
    return workers(2, "-m", "tests.bench.peers.programs.absurd_tasks", "work")


def submit(keys: Sequence[str]) -> None:
    side_by_side(submit_one, keys)


def submit_one(key: str) -> None:
    Absurd(connection(), QUEUE).spawn(TASK, {"key": key}, queue=QUEUE, idempotency_key=key)


def ended(keys: Collection[str]) -> set[str]:
    query = "SELECT idempotency_key FROM absurd.t_lines WHERE state = 'completed' AND idempotency_key = ANY(%s)"
    return found(query, keys)


if __name__ == "__main__":
    work() if sys.argv[1:] else drive(start, submit, ended)
