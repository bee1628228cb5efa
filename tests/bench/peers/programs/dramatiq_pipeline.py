"""A dramatiq pipeline of three actors, each message confirmed; no database, so its results are only in the queue."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq import pipeline
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tests.bench.peers.programs import driver
from tests.bench.peers.programs.driver import BROKER, Process, drive, side_by_side, workers

#: The third actor leaves a line here, not made durable: nobody else knows that an operation has ended.
ENDED = Path.cwd().parent / "workers" / "ended"

dramatiq.set_broker(RabbitmqBroker(url=BROKER, confirm_delivery=True))


@dramatiq.actor
def reserve_number(key: str) -> dict[str, Any]:
    return {"key": key, **driver.reserve_number()}


@dramatiq.actor
def connect_line(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, **driver.connect_line()}


@dramatiq.actor
def switch_on(facts: dict[str, Any]) -> None:
    facts |= driver.switch_on()
    with ENDED.open("a") as lines:
        lines.write(f"{facts['key']}\n")


def start() -> list[Process]:
    ENDED.touch()
    return workers(1, "-m", "dramatiq", __spec__.name, "--processes", "2", "--threads", "4")


def submit(keys: Sequence[str]) -> None:
    side_by_side(submit_one, keys)


def submit_one(key: str) -> None:
    first, others = reserve_number.message(key), (connect_line, switch_on)
    pipeline([first, *(each.message_with_options() for each in others)]).run()  # type: ignore[no-untyped-call]


def ended(keys: Collection[str]) -> set[str]:
    return set(ENDED.read_text().split()) & set(keys)


if __name__ == "__main__":
    drive(start, submit, ended)
