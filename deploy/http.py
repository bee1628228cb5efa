"""How the HTTP door is served."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Event
from typing import Any

import uvicorn

from deploy.ending import BEYOND, Ending, Part
from deploy.kinds import Address
from deploy.settings import SettingsWrong
from producers.intake import PATIENCE as OF_THE_DOOR

#: What FastAPI makes: an ASGI application.
Application = Callable[..., Any]

#: How often the time in the answers' headers is set, in seconds.
TICK = 1.0

#: Requests under way get so long when the server stops, in seconds: longer than they wait for the database.
FAREWELL = int(OF_THE_DOOR.total_seconds()) + 2

#: A connection may be quiet for so long, in seconds: longer than clients (aiohttp 15) and balancers (most 60) keep
#: theirs, for who closes first must be who sends, or a request meets a closed door.
QUIET = 75


class Server(uvicorn.Server):
    """Looks once a second what time it is, not ten times whether it is to end: that it is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = asyncio.Event()
        self.is_open = Event()

    async def main_loop(self) -> None:
        """Serve until told to end; requests are answered meanwhile."""
        self._loop = asyncio.get_running_loop()
        self.is_open.set()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_over.wait(), TICK)

    def end(self) -> None:
        """Serve no longer; callable from every thread."""
        self.should_exit = True
        if self._loop:
            with suppress(RuntimeError):  # the loop has closed
                self._loop.call_soon_threadsafe(self._is_over.set)


def server_of(app: Application) -> Server:
    """Return a server that logs only what is wrong; the database knows who asked for what."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=QUIET,
        timeout_graceful_shutdown=FAREWELL,
    )
    logging.getLogger("uvicorn.error").addFilter(told_briefly)
    return Server(config)


def told_briefly(record: logging.LogRecord) -> bool:
    """Let a request that the end of the server has cut off be one line: it is no fault of the program."""
    if record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError):
        record.msg, record.args, record.exc_info = "a request was cut off", (), None
    return True


def bound_to(listen: Address) -> socket.socket:
    """Return a socket that has its place, and is not open yet; raise `SettingsWrong` where it cannot have it."""
    bound = socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(listen)
    except OSError as error:
        bound.close()
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise SettingsWrong(f"TURNUP_LISTEN: {listen}: {why}") from error
    return bound


@contextmanager
def served(app: Application, bound: socket.socket, ending: Ending) -> Iterator[None]:
    """Serve on a socket while the block runs; where the server dies, the process ends."""
    server = server_of(app)
    part = Part("http", partial(server.run, [bound]), server.end, ending)
    part.start_until(server.is_open)
    try:
        yield
    finally:
        part.ask_to_end()
        part.join(FAREWELL + BEYOND)
