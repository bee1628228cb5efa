"""The one client: hands in customers and commands over HTTP, in batches as fast as it can, or steadily one by one."""

import asyncio
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

import aiohttp

CUSTOMERS = tuple(f"customer-{number}" for number in range(10))

#: Commands in one request, and requests under way at once.
BATCH, IN_FLIGHT = 100, 4

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


class Client:
    """Speaks to one Turnup; every command is for a new line."""

    def __init__(self, session: aiohttp.ClientSession, address: str, begins: int = 0) -> None:
        self._session = session
        self._address = address
        self._numbers = itertools.count(begins)

    async def until_ready(self) -> None:
        """Wait until the door is open."""
        while True:
            try:
                async with self._session.get(f"{self._address}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)

    async def load_customers(self) -> None:
        """Hand in the customers, without whom no command is taken."""
        data = {"version": 1, "name": "Acme"}
        events = [event("turnup.customer.changed", f"c-{name}", name, data) for name in CUSTOMERS]
        await self._post(events)

    async def submit(self, count: int, pause: float = 0) -> list[str]:
        """Hand in so many commands as fast as they are taken; return their operations."""
        batches = iter([min(BATCH, count - start) for start in range(0, count, BATCH)])
        accepted: list[str] = []

        async def hand_in() -> None:
            for size in batches:
                accepted.extend(await self._post([self._command(pause) for _ in range(size)]))

        await asyncio.gather(*(hand_in() for _ in range(IN_FLIGHT)))
        return accepted

    async def submit_one(self) -> tuple[str, float]:
        """Hand in one command; return its operation, and when it was begun to be handed in."""
        body = json.dumps(self._command(0))
        begun = time.time()
        headers = {"Content-Type": STRUCTURED}
        url = f"{self._address}/v1/commands"
        async with self._session.post(url, data=body, headers=headers) as answer:
            told = await answer.json()
            assert answer.status == 202, told
        return str(told["id"]), begun

    async def _post(self, events: Sequence[dict[str, Any]]) -> Iterable[str]:
        """Hand in a batch, every event of which has to be taken; return the operations."""
        url, headers = f"{self._address}/v1/commands", {"Content-Type": BATCHED}
        async with self._session.post(url, data=json.dumps(events), headers=headers) as answer:
            told = json.loads(await answer.read())
            assert answer.status == 200, told
        assert all(each["status"] in {200, 202} for each in told), told
        return [each["operation"]["id"] for each in told if "operation" in each]

    def _command(self, pause: float) -> dict[str, Any]:
        """Return the command for the next line."""
        number = next(self._numbers)
        subject = f"{CUSTOMERS[number % len(CUSTOMERS)]}/line-{number}"
        data = {"name": "Front desk", "pause": pause} if pause else {"name": "Front desk"}
        return event("turnup.line.activate", f"order-{number}", subject, data)


def event(kind: str, key: str, subject: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return a CloudEvent."""
    return {
        "specversion": "1.0",
        "type": kind,
        "id": key,
        "source": "bench",
        "subject": subject,
        "data": data,
    }
