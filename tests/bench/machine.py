"""The machine: what it is, and what it can do at most, to put the figures in proportion."""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from schema.store.library import sqlite_module
from tests.servers.postgres import PostgresServer

#: How long each limit is measured, in seconds.
WHILE = 1.5

PAGE = b"x" * 4096


def pin_to_two_cores() -> list[int]:
    """Keep this process, and all that it starts, on two CPUs; return which."""
    cores = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, cores)
    return cores


def describe(cores: list[int]) -> dict[str, object]:
    """Return what the machine is."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "pinned_to": cores,
        "memory": _field("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite_module().sqlite_version,
        "load": os.getloadavg(),
    }


def limits(directory: Path) -> dict[str, float]:
    """Return how often a second the machine can make things durable, one after the other, and how quick Python is."""
    with (directory / "append").open("wb", buffering=0) as file:

        def append() -> None:
            file.write(PAGE)
            os.fdatasync(file.fileno())

        found = {"fdatasync of 4 KB": per_second(append)}
    connection = sqlite_module().connect(str(directory / "limit.db"), isolation_level=None)
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE row (value)",
    ):
        connection.execute(statement)
    insert = "INSERT INTO row VALUES (1)"
    found["SQLite one-row commits"] = per_second(lambda: connection.execute(insert))
    connection.close()
    with PostgresServer() as server:
        url = server.create_database().replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as server_connection:
            server_connection.execute("CREATE TABLE row (value integer)")
            found["PostgreSQL one-row commits"] = per_second(
                lambda: server_connection.execute(insert)
            )
    found["1,000 small objects in Python"] = per_second(_toil)
    return found


def _toil() -> int:
    """Do what interpreters differ in: one that was built without profiles takes half again as long."""
    return sum(len({"number": number, "name": str(number)}) for number in range(1_000))


def per_second(act: Callable[[], object]) -> float:
    """Return how often a second something can be done."""
    begun, count = time.perf_counter(), 0
    while time.perf_counter() - begun < WHILE:
        act()
        count += 1
    return count / (time.perf_counter() - begun)


def _field(path: str, name: str) -> str:
    """Return the first value of a name in one of the kernel's tables."""
    lines = Path(path).read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")
