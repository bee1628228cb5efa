"""A platform that fails is said once, and that it answers again is said once, however many calls there are."""

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from tests.workers.test_answers import CHANGE, Free
from workers.errors import PlatformError
from workers.health import CALM, Health
from workers.transport import Transport, new_session
from workers.turns import Limits, Turns

FAILS = {
    "product": "sample",
    "reason": "the platform failed with status 503",
    "event": "platform_failing",
    "log_level": "warning",
}
WELL = {"product": "sample", "event": "platform_answers_again", "log_level": "info"}

#: Shorter than the pauses between retries, so that a test need not wait.
SHORT = 0.05

Call = Callable[..., Coroutine[Any, Any, None]]
Logs = list[MutableMapping[str, Any]]


def calls(play: Callable[[Call, Logs], Coroutine[Any, Any, None]], calm: float = CALM) -> Logs:
    """Return what is logged while a platform is called, that answers each call as it is told to."""
    wanted = 200

    async def say(_: web.Request) -> web.Response:
        return web.json_response({"reason": "no"}, status=wanted)

    async def run() -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", say)
        async with (
            TestServer(application) as server,
            new_session(timedelta(seconds=5)) as session,
        ):
            url = str(server.make_url(""))
            transport = Transport(session, url, Free(), Turns(Limits()), Health("sample", calm))

            async def call(status: int, times: int = 1) -> None:
                nonlocal wanted
                wanted = status
                for _ in range(times):
                    try:
                        await transport.change("POST", "/thing", CHANGE, {})
                    except PlatformError:
                        assert status != 200

            await play(call, logs)

    with capture_logs() as logs:
        asyncio.run(run())
    return logs


def test_an_outage_is_one_line_however_many_calls_fail() -> None:
    async def play(call: Call, _logs: Logs) -> None:
        await call(200)
        await call(503, times=20)

    assert calls(play) == [FAILS]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "the platform refuses our credentials with status 401"),
        (500, "the platform failed with status 500"),
    ],
)
def test_the_line_says_what_the_platform_said(status: int, reason: str) -> None:
    async def play(call: Call, _logs: Logs) -> None:
        await call(status, times=5)

    assert calls(play) == [{**FAILS, "reason": reason}]


def test_one_call_that_goes_wrong_is_no_outage() -> None:
    async def play(call: Call, _logs: Logs) -> None:
        for _ in range(5):
            await call(503, times=2)
            await call(200)

    assert calls(play) == []


def test_what_a_platform_refuses_for_good_is_an_answer() -> None:
    async def play(call: Call, _logs: Logs) -> None:
        await call(422, times=5)
        await call(503, times=2)
        await call(404)
        await call(503, times=2)

    assert calls(play) == []


def test_that_it_answers_again_is_said_once_nothing_fails_any_more() -> None:
    async def play(call: Call, logs: Logs) -> None:
        await call(503, times=5)
        await call(200)
        await call(503)
        await call(200, times=3)
        async with asyncio.timeout(10):
            while WELL not in logs:
                await call(200)
        await call(503, times=3)

    assert calls(play, SHORT) == [FAILS, WELL, FAILS]


def test_a_platform_that_now_and_then_answers_goes_on_failing() -> None:
    async def play(call: Call, _logs: Logs) -> None:
        for _ in range(10):
            await call(503, times=3)
            await call(200)

    assert calls(play) == [FAILS]
