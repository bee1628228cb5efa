"""A small ticket system on a thread of its own, that can die before and after it acts."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_c2VjcmV0LW9mLWF0LWxlYXN0LTI0LWJ5dGVz"


@dataclass
class SmallDesk:
    """Keeps what it was told, by `webhook-id` where it `remembers`; `dies` and `answers` hold for one event each."""

    dies: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    remembers: bool = True
    signs: bool = True
    signs_as: str | None = None
    state: str = "new"
    at: str | None = None
    bodies: list[tuple[str, str]] = field(default_factory=list)
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has acted on, in that order."""
        return list(self.kept.values())

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Take one event."""
        body = await request.text()
        Webhook(SECRET).verify(body, dict(request.headers))
        name = request.headers["webhook-id"]
        self.bodies.append((name, body))
        death = self.dies.pop(0) if self.dies else ""
        if death == "before":
            return self._cut(request)
        if self.answers:
            return web.Response(status=self.answers.pop(0), headers=self.headers)
        key = name if self.remembers else f"{name} {len(self.bodies)}"
        self.kept.setdefault(key, json.loads(body))
        return self._cut(request) if death == "after" else self._answer(name)

    def _cut(self, request: web.Request) -> web.StreamResponse:
        """Die as a process does: without an answer."""
        assert request.transport
        request.transport.abort()
        return web.Response()

    def _answer(self, name: str) -> web.Response:
        """Say number and state, signed."""
        said = {"number": "INC-1", "state": self.state, "url": "https://desk.example/1"}
        body = json.dumps({**said, "at": self.at})
        under, now = self.signs_as or name, datetime.now(UTC)
        signature = Webhook(SECRET).sign(under, now, body) if self.signs else "v1,bm9uc2Vuc2U="
        signed = {
            "webhook-id": under,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        return web.Response(text=body, headers=signed, content_type="application/json")


@contextmanager
def at_work(desk: SmallDesk) -> Iterator[SmallDesk]:
    """Let a desk listen while the block runs."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_post("/hook", desk.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def listen() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"

    loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever, name="desk")
    thread.start()
    try:
        yield desk
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
