"""Turnup's own door, as far as people use it: it notes what they send, and answers like the real one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

from tests.workers.simulator.world import PATIENCE, SERVICE

#: The code that confirms every operation, and an operation on somebody else's service.
CODE, OTHERS = "04712345", "op_9"

Answer = tuple[int, Any]


class House:
    """A door on a free port; `posted` has the path and body of all that people sent.

    Each request uses up one of `failures`: a status that it gets, or None where nobody answers.
    """

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[int | None] = []
        self.reveals: str | None = None
        self._open = Event()
        self._open.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._door())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Let nobody do anything while the block runs; who wants to waits."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    def _told(self, path: str) -> Answer:
        """Answer a question."""
        if path.startswith("/v1/services/"):
            return 200, {"id": "svc_1"}
        if path.startswith("/v1/operations?"):
            old = {"id": "op_1", "ended_at": "2026-05-29T07:00:00Z"}
            return 200, {"items": [{"id": "op_2", "ended_at": None}, old]}
        return 200, {"subject": "acme/other" if path.endswith(OTHERS) else SERVICE}

    def _took(self, path: str, body: dict[str, Any]) -> Answer:
        """Answer a call."""
        self.posted.append((path, body))
        if path.endswith("/reveal"):
            value, self.reveals = self.reveals, None
            return (200, {"value": value}) if value else (409, {"reason": "already_revealed"})
        if path.endswith("op_1/confirm") and body["code"] != CODE:
            return 422, {"reason": "wrong_code"}
        return 200, {}

    def _door(house) -> type[BaseHTTPRequestHandler]:  # noqa: N805 # two selves meet here
        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self._fails():
                    self._answer(*house._told(self.path))

            def do_POST(self) -> None:
                house._open.wait(PATIENCE)
                sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self._fails():
                    self._answer(*house._took(self.path, sent))

            def _fails(self) -> bool:
                if not house.failures:
                    return False
                status = house.failures.pop(0)
                self.close_connection = True
                if status is not None:
                    self._answer(status, {"reason": "unavailable"})
                return True

            def _answer(self, status: int, told: object) -> None:
                body = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Be quiet."""

        return Door
