"""Sends the callbacks that are due, signed, until somebody answers 2xx."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from json import loads

import aiohttp
from standardwebhooks import Webhook

from workers.simulator.clock import Clock, as_moment, as_text
from workers.simulator.plans import Plans
from workers.simulator.rows import Notification
from workers.simulator.store import Store

#: Real time for one attempt.
ATTEMPT = aiohttp.ClientTimeout(total=10)
#: How many callbacks are on their way at once.
MOST_AT_ONCE = 32
#: The first repeat comes after 1 s of business time, each further one after twice as long.
LONGEST_PAUSE = timedelta(minutes=5)

#: 2xx, in hundreds.
OK = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CallbackTarget:
    """Where callbacks of a product go, and the secret that signs them (`whsec_` and base64)."""

    url: str
    secret: str = field(repr=False)


class Courier:
    """Has at most one callback of a lane on its way; forgets it when it was answered 2xx."""

    def __init__(self, store: Store, clock: Clock, targets: Mapping[str, CallbackTarget]) -> None:
        self._store = store
        self._plans = Plans(store)
        self._clock = clock
        self._urls = {product: target.url for product, target in targets.items()}
        self._seals = {product: Webhook(target.secret) for product, target in targets.items()}
        self._session = aiohttp.ClientSession(timeout=ATTEMPT)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def send_due(self, when_back: Callable[[], None]) -> None:
        """Start to send what is due and free to go; `when_back` is called after each attempt."""
        if len(self._under_way) >= MOST_AT_ONCE:
            return
        for due in self._plans.due_notifications(self._clock.now()):
            if due.lane not in self._under_way and due.product in self._urls:
                task = asyncio.create_task(self._attempt(due))
                self._under_way[due.lane] = task
                task.add_done_callback(partial(self._back, due.lane, when_back))
            if len(self._under_way) >= MOST_AT_ONCE:
                break

    def _back(self, lane: str, when_back: Callable[[], None], task: asyncio.Task[None]) -> None:
        del self._under_way[lane]
        if not task.cancelled() and task.exception() is not None:
            log.error("callback_crashed lane=%s", lane, exc_info=task.exception())
            return
        when_back()

    async def close(self) -> None:
        """Give up what is on its way; it is sent again after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    async def _attempt(self, due: Notification) -> None:
        try:
            async with self._session.post(
                self._urls[due.product],
                data=due.body.encode(),
                headers=self._headers(due),
                allow_redirects=False,
            ) as response:
                is_taken, outcome = response.status // 100 == OK, f"status={response.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            is_taken, outcome = False, f"error={type(error).__name__}"
        with self._store.transaction():
            if is_taken:
                self._plans.forget_notification(due)
            else:
                log.info("callback_failed product=%s try=%d %s", due.product, due.tries, outcome)
                self._plans.postpone_notification(due, self._next_try(due))

    def _headers(self, due: Notification) -> dict[str, str]:
        """Sign for this attempt: the receiver compares the timestamp with real time."""
        name, now = str(loads(due.body)["id"]), datetime.now(UTC)
        return {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._seals[due.product].sign(name, now, due.body),
        }

    def _next_try(self, failed: Notification) -> str:
        pause = min(timedelta(seconds=2 ** min(failed.tries, 20)), LONGEST_PAUSE)
        return as_text(as_moment(self._clock.now()) + pause)
