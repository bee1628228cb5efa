"""The body of a request: the most it may carry, and a client that is gone before all of it came."""

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

#: 8 MiB.
MOST_BYTES = 8 * 1024 * 1024


class LimitedBody:
    """Refuses a body that is too large with 413, as soon as that is known; ends in peace where its sender hung up."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a request with a body that counts itself."""
        if scope["type"] == "http":
            receive = self._counted(dict(scope["headers"]).get(b"content-length", b"0"), receive)
        try:
            await self._app(scope, receive, send)
        except ClientDisconnect:
            # Nobody is there who could be answered, and nothing was taken.
            log.info("request_broken_off", path=scope["path"])

    def _counted(self, declared: bytes, receive: Receive) -> Receive:
        """Return a way to receive that stops where the body is declared or found to be too large."""
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            self._check(int(declared) if declared.isdigit() else 0)
            message = await receive()
            size += len(message.get("body", b""))
            self._check(size)
            return message

        return receive_some

    def _check(self, size: int) -> None:
        """Raise where there is too much."""
        if size > self._most:
            raise HTTPException(413, f"a request has at most {self._most} bytes")
