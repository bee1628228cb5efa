"""Oban for Python: three jobs, each of which enqueues the next; two processes, the client inserts 100 at a time."""

import asyncio
import sys
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, ClassVar

from oban import Job, Oban, Record, worker
from oban.schema import install_sql
from psycopg_pool import AsyncConnectionPool

from tests.bench.peers.programs import driver
from tests.bench.peers.programs.driver import DATABASE, IN_FLIGHT, Process, drive, workers
from tests.bench.peers.programs.rows import connection, found

#: Jobs that a process runs at once, connections that it has, and operations in one statement of the client.
LIMIT, CONNECTIONS, BATCH = 100, 10, 100


@worker(queue="lines")
class ReserveNumber:
    """The first job."""

    new: ClassVar[Any]

    async def process(self, job: Job) -> None:
        await ConnectLine.enqueue({**job.args, **driver.reserve_number()})


@worker(queue="lines")
class ConnectLine:
    """The second job."""

    enqueue: ClassVar[Any]

    async def process(self, job: Job) -> None:
        await SwitchOn.enqueue({**job.args, **driver.connect_line()})


@worker(queue="lines")
class SwitchOn:
    """The last job, which records what all have learned."""

    enqueue: ClassVar[Any]

    async def process(self, job: Job) -> Any:
        return Record({**job.args, **driver.switch_on()})


async def work() -> None:
    async with (
        AsyncConnectionPool(DATABASE, min_size=1, max_size=CONNECTIONS, open=False) as pool,
        Oban(pool=pool, queues={"lines": LIMIT}),
    ):
        await asyncio.Event().wait()


@cache
def client() -> tuple[asyncio.Runner, Oban]:
    runner = asyncio.Runner()
    pool = AsyncConnectionPool(DATABASE, min_size=IN_FLIGHT, open=False)
    runner.run(pool.open(wait=True))
    return runner, Oban(pool=pool)


def start() -> list[Process]:
    connection().execute(install_sql())
    # With it the client finds what has ended; without, it would read the whole table at each look.
    connection().execute(
        "CREATE INDEX ON oban_jobs ((args ->> 'key')) WHERE worker = '__main__.SwitchOn'"
    )
    return workers(2, "-m", "tests.bench.peers.programs.oban_jobs", "work")


def submit(keys: Sequence[str]) -> None:
    runner, oban = client()
    batches = iter([keys[start : start + BATCH] for start in range(0, len(keys), BATCH)])

    async def hand_in() -> None:
        for each in batches:
            await oban.enqueue_many(ReserveNumber.new({"key": key}) for key in each)

    async def hand_all_in() -> None:
        await asyncio.gather(*(hand_in() for _ in range(IN_FLIGHT)))

    runner.run(hand_all_in())


def ended(keys: Collection[str]) -> set[str]:
    return found(
        "SELECT args ->> 'key' FROM oban_jobs WHERE state = 'completed'"
        " AND worker = '__main__.SwitchOn' AND args ->> 'key' = ANY(%s)",
        keys,
    )


if __name__ == "__main__":
    asyncio.run(work()) if sys.argv[1:] else drive(start, submit, ended)
