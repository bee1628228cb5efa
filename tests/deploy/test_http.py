"""How the HTTP door is served, and how its server ends."""

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from http.client import HTTPConnection
from typing import Any

import pytest

from deploy.ending import Ending
from deploy.http import Server, bound_to, served, server_of, told_briefly
from deploy.kinds import Address
from deploy.logs import configure_logs

ANYWHERE = Address("127.0.0.1", 0)


def test_a_request_that_the_end_cuts_off_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("deploy.http.FAREWELL", 1)
    began = threading.Event()

    async def hangs(
        scope: Any, _receive: Callable[[], Awaitable[Any]], _send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "http":
            began.set()
            await asyncio.get_running_loop().create_future()

    configure_logs("json")
    bound = bound_to(ANYWHERE)
    with served(hangs, bound, Ending()):
        asking = threading.Thread(target=_ask, args=(bound.getsockname(),))
        asking.start()
        assert began.wait(20)
    asking.join(30)
    assert not asking.is_alive()
    told = capsys.readouterr().err
    assert "Traceback" not in told
    said = [json.loads(line)["said"] for line in told.splitlines()]
    assert "a request was cut off" in said


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    server_of(lambda: None)
    assert told_briefly in logging.getLogger("uvicorn.error").filters
    error = ValueError("a bug")
    made = logging.LogRecord("uvicorn.error", 40, "", 0, "said", (), (ValueError, error, None))
    assert told_briefly(made)
    assert made.exc_info is not None


def test_where_the_server_dies_the_process_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_: Any, **__: Any) -> None:
        raise OSError("no more files")

    async def knows_nothing(_scope: Any, _receive: Any, _send: Any) -> None:
        raise NotImplementedError

    monkeypatch.setattr(Server, "startup", dies)
    ending = Ending()
    with bound_to(ANYWHERE) as bound, served(knows_nothing, bound, ending):
        assert ending.stop.wait(20)
    assert ending.exit_code == 1


def _ask(place: tuple[str, int]) -> None:
    """Ask once, and hear an answer or that none will come."""
    with closing(HTTPConnection(*place, timeout=30)) as connection, suppress(OSError):
        connection.request("GET", "/")
        connection.getresponse()


def test_a_quiet_connection_is_closed_by_who_sends_and_not_by_the_server() -> None:
    """Load balancers keep theirs for a minute, aiohttp for a quarter of one."""
    assert server_of(lambda: None).config.timeout_keep_alive > 60
