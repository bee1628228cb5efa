"""A Celery chain of three tasks: a quorum queue, acknowledged late, and each result in PostgreSQL."""

from collections.abc import Collection, Sequence
from typing import Any

from celery import Celery, chain

from tests.bench.peers.programs import driver
from tests.bench.peers.programs.driver import (
    BROKER,
    DATABASE,
    Process,
    drive,
    side_by_side,
    workers,
)
from tests.bench.peers.programs.rows import found

app = Celery(
    "peer", broker=BROKER, backend=DATABASE.replace("postgresql://", "db+postgresql+psycopg://")
)
app.conf.update(
    task_acks_late=True,
    task_default_queue_type="quorum",
    task_default_exchange_type="topic",
    broker_transport_options={"confirm_publish": True},
    worker_prefetch_multiplier=16,
    worker_hijack_root_logger=False,
    result_backend_always_retry=True,
)


@app.task(name="reserve_number")
def reserve_number(key: str) -> dict[str, Any]:
    return {"key": key, **driver.reserve_number()}


@app.task(name="connect_line")
def connect_line(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, **driver.connect_line()}


@app.task(name="switch_on")
def switch_on(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, **driver.switch_on()}


def start() -> list[Process]:
    app.backend.ResultSession()  # makes the tables
    options = ("worker", "--pool", "prefork", "--concurrency", "4", "--loglevel", "WARNING")
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    return workers(
        1, "-m", "celery", "-A", "tests.bench.peers.programs.celery_chain", *options, *quiet
    )


def submit(keys: Sequence[str]) -> None:
    side_by_side(submit_one, keys)


def submit_one(key: str) -> None:
    last = switch_on.s().set(task_id=key)
    chain(reserve_number.s(key), connect_line.s(), last).apply_async()


def ended(keys: Collection[str]) -> set[str]:
    query = "SELECT task_id FROM celery_taskmeta WHERE status = 'SUCCESS' AND task_id = ANY(%s)"
    return found(query, keys)


if __name__ == "__main__":
    drive(start, submit, ended)
