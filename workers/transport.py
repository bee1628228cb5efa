"""The way to a vendor's machine over HTTP, and the one place where its failures become ours.

Inside a call only what surely did not act is tried again at once: a read, a refused connection.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from workers.errors import (
    NotReached,
    NotThere,
    OutcomeUnknown,
    Permanent,
    PlatformError,
    Rejected,
    StateChanged,
    Throttled,
)

#: How often a call that surely did not act is made at once, and the pauses between, in seconds.
AT_ONCE, PAUSE, LONGEST_PAUSE = 3, 0.02, 0.2

#: How many connections a worker keeps to all platforms together.
CONNECTIONS = 200

#: How long a platform that throttles without saying so is left alone.
THROTTLE = timedelta(seconds=1)


#: The longest pause that a platform can ask for, in seconds.
MOST_PATIENT = 3600

#: What of a platform's words goes on into tickets, events and logs: a short reason. Whole sentences
#: may tell numbers and secrets (CO-4).
REASON = re.compile(r"[a-z][a-z_ ]{0,39}")


class ReplyLost(aiohttp.ClientError):
    """Raised when a connection broke after a call was sent."""


async def never_twice(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a PUT or DELETE again by itself: whether to do so is the engine's to say."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ReplyLost from error


def new_session(timeout: timedelta) -> aiohttp.ClientSession:
    """Return the session of one worker; each call may take as long as `timeout`."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        middlewares=(never_twice,),
    )


class Fence(Protocol):
    """The last look before a changing call; raises where the right to act is gone."""

    async def ensure(self) -> None:
        """Return when a call fits into the lease."""


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes something: under which key, for whom to call back, on which service."""

    key: str
    reference: str
    service: str


class Transport:
    """Talks JSON with one platform; `session` belongs to whoever made it, with `never_twice` on it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, fence: Fence) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._fence = fence

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  JSON
        """Return what the platform says; raise `NotThere`, `Throttled`, `NotReached` or `Permanent`."""
        async for attempt in _at_once():
            with attempt:
                return await self._call("GET", path, params=query)
        raise AssertionError

    async def change(
        self, method: str, path: str, change: Change, body: Mapping[str, Any] | None = None
    ) -> Any:  # noqa: ANN401  JSON
        """Make one changing call and return the answer; raise `OutcomeUnknown` where it may have acted."""
        headers = {
            "Idempotency-Key": change.key,
            "X-Reference": change.reference,
            "X-Service": change.service,
        }
        async for attempt in _at_once():
            with attempt:
                await self._fence.ensure()
                return await self._call(method, path, json=body, headers=headers)
        raise AssertionError

    async def _call(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401  aiohttp's own
        """Make one call."""
        is_read = method == "GET"
        try:
            called = self._session.request(
                method, self._url + path, allow_redirects=False, **options
            )
            async with called as response:
                body = await response.json() if response.content_type == "application/json" else {}
        except aiohttp.ClientConnectorError as error:
            raise NotReached("the platform does not answer") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if is_read:
                raise NotReached("the platform did not answer a question") from error
            raise OutcomeUnknown("the platform's answer was lost") from error
        if response.ok:
            return body
        raise _failure(response, body if isinstance(body, dict) else {}, is_read=is_read)


def _failure(
    response: aiohttp.ClientResponse, body: Mapping[str, Any], *, is_read: bool
) -> PlatformError:
    """Return the error that an answer means."""
    request_id = response.headers.get("X-Request-Id")
    told = str(body.get("reason") or body.get("error"))
    said = told if REASON.fullmatch(told) else f"status {response.status}"
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled("the platform is busy", _pause(response), request_id=request_id)
    if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = NotReached if is_read else OutcomeUnknown
        return kind(f"the platform failed with status {response.status}", request_id=request_id)
    kinds = {"state_changed": StateChanged, "rejected": Rejected}
    permanent = NotThere if response.status == HTTPStatus.NOT_FOUND else kinds.get(said, Permanent)
    return permanent(said, request_id=request_id)


def _pause(response: aiohttp.ClientResponse) -> timedelta:
    """Return how long the platform wants to be left alone."""
    told = response.headers.get("Retry-After", "")
    return timedelta(seconds=min(int(told), MOST_PATIENT)) if told.isdecimal() else THROTTLE


def _at_once() -> AsyncRetrying:
    """Return the policy for calls that surely did not act."""
    return AsyncRetrying(
        retry=retry_if_exception_type(NotReached),
        stop=stop_after_attempt(AT_ONCE),
        wait=wait_exponential(PAUSE, max=LONGEST_PAUSE),
        reraise=True,
    )
