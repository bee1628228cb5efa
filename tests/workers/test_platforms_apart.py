"""Platforms beside one another, over real connections: how slow one is, is nothing to the other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from workers.errors import NotReached
from workers.lease import LeaseLost
from workers.transport import Change, Transport, new_session
from workers.turns import Limits, Turns

CHANGE = Change("op_1:step:0", "op_1", "acme/one")

#: How long a call may take, and how long a test waits for what has to come.
CALL, PATIENCE = timedelta(seconds=0.3), 10


class Fence:
    """A lease that somebody may take away."""

    def __init__(self) -> None:
        self.is_lost = False
        self.looks = 0

    async def ensure(self) -> None:
        """Raise where it is gone."""
        self.looks += 1
        if self.is_lost:
            raise LeaseLost


class Machine:
    """Two platforms: `/slow` answers when it is told to, anything else at once."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.came = asyncio.Condition()
        self.calls: Counter[str] = Counter()
        self.fence = Fence()

    async def answer(self, request: web.Request) -> web.Response:
        """Take a call."""
        async with self.came:
            self.calls[request.path] += 1
            self.came.notify_all()
        if request.path == "/slow":
            await self.opened.wait()
        return web.json_response({})

    async def until(self, count: int, path: str = "/slow") -> None:
        """Wait until so many calls have come."""
        async with asyncio.timeout(PATIENCE), self.came:
            await self.came.wait_for(lambda: self.calls[path] == count)


@asynccontextmanager
async def machine(longest: timedelta) -> AsyncIterator[tuple[Machine, ClientSession, str]]:
    """Run it, and give a session beside it whose calls may take so long."""
    found, application = Machine(), web.Application()
    application.router.add_route("*", "/{path:.*}", found.answer)
    async with TestServer(application) as server, new_session(longest) as session:
        yield found, session, str(server.make_url(""))


def test_a_platform_that_does_not_answer_takes_no_connection_from_another() -> None:
    async def call() -> None:
        async with machine(timedelta(seconds=PATIENCE)) as (played, session, url):
            slow, quick = (Transport(session, url, played.fence, Turns(Limits())) for _ in range(2))
            calls = [asyncio.create_task(slow.change("PUT", "/slow", CHANGE)) for _ in range(400)]
            await played.until(256)
            for _ in range(20):
                await quick.change("PUT", "/quick", CHANGE)
            assert played.calls == {"/slow": 256, "/quick": 20}
            played.opened.set()
            await asyncio.gather(*calls)
            assert played.calls["/slow"] == 400

    asyncio.run(call())


@pytest.mark.parametrize("is_read", [False, True])
def test_a_call_waits_for_its_turn_before_the_lease_is_looked_at_and_then_has_all_its_time(
    monkeypatch: pytest.MonkeyPatch, *, is_read: bool
) -> None:
    async def call() -> None:
        loop = asyncio.get_running_loop()
        async with machine(CALL) as (played, session, url):
            turns = Turns(Limits(calls=1))
            transport = Transport(session, url, played.fence, turns)
            async with turns:
                asked = transport.read("/x") if is_read else transport.change("PUT", "/x", CHANGE)
                waiting = asyncio.create_task(asked)
                await asyncio.sleep(0)
                clock = loop.time
                monkeypatch.setattr(loop, "time", lambda: clock() + 3600)
                await asyncio.sleep(0)
                assert (played.calls["/x"], played.fence.looks) == (0, 0)
            assert await waiting == {}
            assert played.fence.looks == (0 if is_read else 1)

    asyncio.run(call())


def test_a_lease_that_is_lost_while_a_call_waits_for_its_turn_keeps_it_from_being_sent() -> None:
    async def call() -> None:
        async with machine(CALL) as (played, session, url):
            turns = Turns(Limits(calls=1))
            transport = Transport(session, url, played.fence, turns)
            async with turns:
                waiting = asyncio.create_task(transport.change("PUT", "/x", CHANGE))
                await asyncio.sleep(0)
                played.fence.is_lost = True
            with pytest.raises(LeaseLost):
                await waiting
            played.fence.is_lost = False
            await transport.change("PUT", "/x", CHANGE)  # the turn was given back
            assert played.calls == {"/x": 1}

    asyncio.run(call())


def test_a_call_that_is_not_answered_gives_its_turn_back() -> None:
    async def call() -> None:
        async with machine(CALL) as (played, session, url):
            transport = Transport(session, url, played.fence, Turns(Limits(calls=1)))
            with pytest.raises(NotReached):
                await transport.read("/slow")
            assert await transport.read("/x") == {}
            played.opened.set()

    asyncio.run(call())
