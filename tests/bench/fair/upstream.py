"""Who hands in: one customer's bulk as fast as it is taken, and single commands of another at a steady pace."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from typing import Any

import aiohttp

from schema.ids import key_of
from tests.bench.client import BATCHED, IN_FLIGHT, event
from tests.bench.looks import Looks

#: Who has much, and who has little.
MANY, FEW = "many", "few"

#: Between two looks whether something has ended, in seconds.
BLINK = 0.005


async def until_ready(session: aiohttp.ClientSession, address: str) -> None:
    """Wait until the door is open."""
    while True:
        try:
            async with session.get(f"{address}/readyz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)


class Upstream:
    """Speaks to one Turnup, and looks into its database."""

    def __init__(self, session: aiohttp.ClientSession, address: str, looks: Looks) -> None:
        self._session = session
        self._address = address
        self._looks = looks
        self._numbers = itertools.count()
        #: How long each single command took to be accepted, in seconds.
        self.at_the_door: list[float] = []

    async def load_customers(self) -> None:
        """Make both customers known."""
        data = {"version": 1, "name": "Acme"}
        await self._post(
            [event("turnup.customer.changed", name, name, data) for name in (MANY, FEW)]
        )

    async def bulk(self, product: str, count: int, batch: int) -> list[int]:
        """Hand in the bulk; return its operations."""
        sizes = iter([min(batch, count - start) for start in range(0, count, batch)])
        accepted: list[int] = []

        async def hand_in() -> None:
            for size in sizes:
                accepted.extend(
                    await self._post([self._command(product, MANY) for _ in range(size)])
                )

        await asyncio.gather(*(hand_in() for _ in range(IN_FLIGHT)))
        return accepted

    async def single(self, product: str) -> float:
        """Hand in one command; return the seconds from its acceptance until its end could be seen."""
        begun = time.monotonic()
        (key,) = await self._post([self._command(product, FEW)])
        accepted = time.monotonic()
        self.at_the_door.append(accepted - begun)
        await self.until_ended([key])
        return time.monotonic() - accepted

    async def singles(self, product: str, pause: float, stop: asyncio.Event) -> list[float]:
        """Hand in one command after the other, each after a pause, until told to stop; return how long each took."""
        tasks: list[asyncio.Task[float]] = []
        while not stop.is_set():
            tasks.append(asyncio.create_task(self.single(product)))
            await asyncio.sleep(pause)
        return list(await asyncio.gather(*tasks))

    async def until_ended(self, operations: Sequence[int]) -> None:
        """Wait until all of these have ended."""
        left = set(operations)
        while left := left - self._looks.ended(left):  # noqa: ASYNC110  another process ends them
            await asyncio.sleep(BLINK if len(left) == 1 else BLINK * 20)

    async def _post(self, events: Sequence[dict[str, Any]]) -> list[int]:
        """Hand in a batch, every event of which has to be taken; return the operations."""
        url, headers = f"{self._address}/v1/commands", {"Content-Type": BATCHED}
        async with self._session.post(url, data=json.dumps(events), headers=headers) as answer:
            told = json.loads(await answer.read())
            assert answer.status == 200, told
        assert all(each["status"] in {200, 202} for each in told), told
        return [key_of("op", each["operation"]["id"]) for each in told if "operation" in each]

    def _command(self, product: str, customer: str) -> dict[str, Any]:
        """Return the command for the next thing."""
        number = next(self._numbers)
        data = {"name": "Front desk"} if product == "line" else {}
        kind = f"turnup.{product}.activate"
        return event(kind, f"order-{number}", f"{customer}/thing-{number}", data)
