"""What the tests of the simulator stand on: a caller, and somebody who listens to callbacks."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Condition, Thread
from typing import Any, Self
from urllib.parse import urlsplit

from workers.simulator.courier import CallbackTarget

START = datetime(2026, 5, 29, 8, tzinfo=UTC)
SECRET = "whsec_c2ltdWxhdG9yIHRlc3RzIG9ubHkgc2VjcmV0"
SERVICE = "acme/headquarters"
#: Real seconds after which a test gives up to wait.
PATIENCE = 10.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Heard:
    """A callback as it arrived."""

    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Json:
        """What it says."""
        return dict(json.loads(self.text))


class Listener:
    """A door for callbacks that answers as it is told, else 204."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.answers: list[int] = []
        self._changed = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def target(self) -> CallbackTarget:
        """Where it listens."""
        return CallbackTarget(f"http://127.0.0.1:{self._server.server_port}/events", SECRET)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, number: int) -> list[Heard]:
        """Wait until so many callbacks came."""
        with self._changed:
            is_heard = self._changed.wait_for(lambda: len(self.heard) >= number, PATIENCE)
        assert is_heard, f"{len(self.heard)} callbacks came, not {number}"
        return self.heard

    def _hear(self, heard: Heard) -> int:
        with self._changed:
            self.heard.append(heard)
            self._changed.notify_all()
            return self.answers.pop(0) if self.answers else 204

    def _door(listener) -> type[BaseHTTPRequestHandler]:  # noqa: N805 # two selves meet here
        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status = listener._hear(Heard(dict(self.headers), text))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        return Door


@dataclass
class World:
    """A simulator at a URL, seen from outside."""

    url: str
    listener: Listener
    keys: Iterator[int] = field(default_factory=count)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Call on a connection of its own: nothing is tried twice behind the test's back."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            text = body if isinstance(body, str) else json.dumps(body)
            sent = None if body is None else text.encode()
            connection.request(method, path, sent, dict(headers or {}))
            response = connection.getresponse()
            told = json.loads(response.read() or b"null")
            return Answered(response.status, dict(response.headers), told)
        finally:
            connection.close()

    def change(
        self, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> Answered:
        """Make a changing call, with a key of its own unless one is given."""
        headers = {
            "Idempotency-Key": key or f"key-{next(self.keys)}",
            "X-Reference": "op_1",
            "X-Service": SERVICE,
        }
        return self.call(method, path, body, headers)

    def create(self, key: str | None = None) -> Answered:
        """Create an instance of three extensions."""
        body = {"name": "Headquarters", "extensions": 3}
        return self.change("POST", "/cloud_pbx/instances", body, key=key)

    def created(self) -> str:
        """Create an instance and answer its path."""
        return f"/cloud_pbx/instances/{self.create().body['platform_id']}"

    def running(self) -> str:
        """Create an instance that is on, and answer its path."""
        path = self.created()
        self.change("PUT", f"{path}/power", {"on": True})
        self.move()
        self.settle()
        return path

    def fault(self, fault: str, **fields: object) -> Answered:
        """Ask for a fault."""
        return self.call("POST", "/faults", {"product": "cloud_pbx", "fault": fault, **fields})

    def effects(self, query: str = "") -> list[Json]:
        """Ask what really happened."""
        return list(self.call("GET", f"/effects{query}").body)

    def actions(self) -> list[str]:
        """Ask what really happened, by name alone."""
        return [effect["action"] for effect in self.effects()]

    def clock(self) -> Json:
        """Ask for the time."""
        return dict(self.call("GET", "/clock").body)

    def move(self, by: timedelta | None = None) -> Json:
        """Move the clock by so much, or to what is due next."""
        clock = self.clock()
        to = (datetime.fromisoformat(clock["now"]) + by).isoformat() if by else clock["next_due"]
        answer = self.call("PUT", "/clock", {"from": clock["now"], "to": to})
        assert answer.status == 200, answer
        return dict(answer.body)

    def settle(self) -> Json:
        """Wait until nothing is going on."""
        end = time.monotonic() + PATIENCE
        while (clock := self.clock())["busy"]:
            assert time.monotonic() < end, "still busy"
        return clock
