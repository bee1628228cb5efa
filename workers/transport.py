"""The way to a vendor's machine over HTTP; with `answers` the one place where its failures become ours.

Inside a call only what surely did not act is tried again at once: a read, a refused connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from workers.answers import Answer, failure
from workers.errors import NotReached, OutcomeUnknown, Permanent, PlatformError
from workers.health import Health
from workers.turns import Turns
from workers.workflow import Work

#: How often a call that surely did not act is made at once, and the pauses between, in seconds.
AT_ONCE, PAUSE, LONGEST_PAUSE = 3, 0.02, 0.2

#: What a failed call is called for people; the first kind that fits.
CAUSES: Sequence[tuple[type[Exception], str]] = (
    (TimeoutError, "timed out"),
    (aiohttp.ClientConnectorDNSError, "name unknown"),
    (aiohttp.ClientSSLError, "no secure connection"),
    (aiohttp.ClientConnectorError, "no connection"),
    (ValueError, "no JSON in the answer"),
)
BROKE = "connection broke"


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


#: What the calls of one worker go through.
Session = aiohttp.ClientSession


def new_session(timeout: timedelta) -> Session:
    """Return the session of one worker; each call may take as long as `timeout`.

    Connections have no limit of their own: calls that wait for one would be shared by all platforms, and count as time
    of the call. How many there are is said by the turns at each platform.
    """
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout.total_seconds()),
        connector=aiohttp.TCPConnector(limit=0),
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

    @classmethod
    def of(cls, work: Work) -> Self:
        """Return what every changing call of a step carries."""
        return cls(work.key, work.reference, work.service.name)


class Transport:
    """Talks JSON with one platform; `session` belongs to whoever made it, with `never_twice` on it.

    Each call has its turn first; the lease is looked at after that.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        fence: Fence,
        turns: Turns,
        health: Health | None = None,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._fence = fence
        self._turns = turns
        self._health = health or Health("unnamed")

    async def read(self, path: str, query: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  JSON
        """Return what the platform says; raise a `PlatformError`, but never `OutcomeUnknown`."""
        async for attempt in _at_once():
            with attempt:
                async with self._turns:
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
                async with self._turns:
                    await self._fence.ensure()
                    return await self._call(method, path, json=body, headers=headers)
        raise AssertionError

    async def _call(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401  aiohttp's own
        """Make one call, and note whether the platform is well."""
        try:
            body = await self._answer(method, path, **options)
        except Permanent:
            self._health.answered()
            raise
        except PlatformError as error:
            self._health.failed(error)
            raise
        self._health.answered()
        return body

    async def _answer(self, method: str, path: str, **options: Any) -> Any:  # noqa: ANN401  aiohttp's own
        """Return what is answered to one call."""
        is_read = method == "GET"
        try:
            called = self._session.request(
                method, self._url + path, allow_redirects=False, **options
            )
            async with called as response:
                body = await _json_of(response)
        except aiohttp.ClientConnectorError as error:
            raise NotReached(f"the platform does not answer: {self._cause(error)}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            cause = self._cause(error)
            if is_read:
                raise NotReached(f"the platform did not answer a question: {cause}") from error
            raise OutcomeUnknown(f"the platform's answer was lost: {cause}") from error
        if _is_success(response):
            return body
        told = body if isinstance(body, dict) else {}
        raise failure(Answer(response.status, response.headers, told), is_read=is_read)

    def _cause(self, error: Exception) -> str:
        """Return of what kind a failure is, and at which machine; an error's own words may name paths and more."""
        kind = next((said for kinds, said in CAUSES if isinstance(error, kinds)), BROKE)
        if isinstance(getattr(error, "os_error", None), ConnectionRefusedError):
            kind = "connection refused"
        return f"{kind} ({urlsplit(self._url).hostname})"


async def _json_of(response: aiohttp.ClientResponse) -> Any:  # noqa: ANN401  JSON
    """Return what stands in an answer, whatever it is called; a success that is no JSON is not the platform's."""
    try:
        body = await response.json(content_type=None)
    except ValueError:
        if _is_success(response):
            raise
        return {}
    return {} if body is None else body


def _is_success(response: aiohttp.ClientResponse) -> bool:
    """Return whether it was done; what is said elsewhere is not."""
    return HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES


def _at_once() -> AsyncRetrying:
    """Return the policy for calls that surely did not act."""
    return AsyncRetrying(
        retry=retry_if_exception_type(NotReached),
        stop=stop_after_attempt(AT_ONCE),
        wait=wait_exponential(PAUSE, max=LONGEST_PAUSE),
        reraise=True,
    )
