"""By hand: a row and a confirmed message for each operation, one dramatiq actor, a commit after each step."""

import json
from collections.abc import Collection, Sequence

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.bench.peers.programs.driver import (
    BROKER,
    STEPS,
    Process,
    drive,
    side_by_side,
    workers,
)
from tests.bench.peers.programs.rows import connection, found

dramatiq.set_broker(RabbitmqBroker(url=BROKER, confirm_delivery=True))


@dramatiq.actor
def activate(key: str) -> None:
    for step in STEPS:
        connection().execute(
            "UPDATE operation SET done = done + 1, facts = facts || %s WHERE key = %s",
            [json.dumps({step.__name__: step()}), key],
        )


def start() -> list[Process]:
    connection().execute(
        "CREATE TABLE operation (key text PRIMARY KEY, done int DEFAULT 0, facts jsonb DEFAULT '{}')"
    )
    return workers(1, "-m", "dramatiq", __spec__.name, "--processes", "2", "--threads", "4")


def submit(keys: Sequence[str]) -> None:
    side_by_side(submit_one, keys)


def submit_one(key: str) -> None:
    connection().execute("INSERT INTO operation (key) VALUES (%s)", [key])
    activate.send(key)


def ended(keys: Collection[str]) -> set[str]:
    return found("SELECT key FROM operation WHERE done = 3 AND key = ANY(%s)", keys)


if __name__ == "__main__":
    drive(start, submit, ended)
