"""The two platforms: one answers after half a second, the other at once; both count their calls."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer

#: How long the slow platform takes for every call, in seconds.
SLOW = 0.5

DELAYS = {"slow": SLOW, "quick": 0.0}


@dataclass
class Platforms:
    """Both platforms: where they are, and how many calls each has under way, at most had, and has answered."""

    urls: dict[str, str] = field(default_factory=dict)
    under_way: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        """Take a call."""
        name = request.match_info["name"]
        self.under_way[name] += 1
        self.most[name] = max(self.most[name], self.under_way[name])
        await asyncio.sleep(DELAYS[name])
        self.under_way[name] -= 1
        self.answered[name] += 1
        return web.json_response({})


@asynccontextmanager
async def platforms() -> AsyncIterator[Platforms]:
    """Run both platforms in this process."""
    found, application = Platforms(), web.Application()
    application.router.add_post("/{name}/things", found.answer)
    async with TestServer(application) as server:
        found.urls = {name: str(server.make_url(f"/{name}")) for name in DELAYS}
        yield found
