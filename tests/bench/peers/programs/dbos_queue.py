"""DBOS: a workflow of three steps from a queue, on PostgreSQL with two processes or on SQLite with one."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient

from tests.bench.peers.programs.driver import (
    DATABASE,
    STEPS,
    Process,
    drive,
    side_by_side,
    workers,
)
from tests.bench.peers.programs.rows import found

FILE = Path.cwd().parent / "server" / "dbos.db"
URL = DATABASE.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///{FILE}"

APPLICATION, QUEUE, WORKFLOW = "peer", "lines", "activate"

#: Seconds between two looks at the queue, and workflows that a process runs at once.
POLL, AT_ONCE = 0.05, 50


def activate() -> dict[str, Any]:
    return {name: fact for step in STEPS for name, fact in DBOS.run_step(None, step).items()}


def work() -> None:
    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": URL,
            "executor_id": str(os.getpid()),
            "application_version": "1",
            "log_level": "WARNING",
        }
    )
    DBOS.workflow(name=WORKFLOW)(activate)
    DBOS.launch()
    threading.Event().wait()


@cache
def client() -> DBOSClient:
    return DBOSClient(system_database_url=URL, application_name=APPLICATION)


@cache
def sqlite() -> sqlite3.Connection:
    return sqlite3.connect(FILE, timeout=30)


def start() -> list[Process]:
    if not DATABASE:
        sqlite().execute("PRAGMA journal_mode = WAL")
    dbos = Path(sys.executable).with_name("dbos")
    subprocess.run((dbos, "migrate", "--sys-db-url", URL), check=True)
    client().register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLL)
    return workers(2 if DATABASE else 1, "-m", "tests.bench.peers.programs.dbos_queue", "work")


def submit(keys: Sequence[str]) -> None:
    side_by_side(submit_one, keys)


def submit_one(key: str) -> None:
    client().enqueue({"queue_name": QUEUE, "workflow_name": WORKFLOW, "workflow_id": key})


def ended(keys: Collection[str]) -> set[str]:
    if DATABASE:
        return found(
            "SELECT workflow_uuid FROM dbos.workflow_status"
            " WHERE status = 'SUCCESS' AND workflow_uuid = ANY(%s)",
            keys,
        )
    query = (
        "SELECT workflow_uuid FROM workflow_status"
        " WHERE status = 'SUCCESS' AND workflow_uuid IN (SELECT value FROM json_each(?))"
    )
    return {row[0] for row in sqlite().execute(query, [json.dumps(list(keys))])}


if __name__ == "__main__":
    work() if sys.argv[1:] else drive(start, submit, ended)
