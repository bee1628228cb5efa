"""What each answer of a platform means, over a real connection (DESIGN idea 8)."""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workers.answers import LONGEST_THROTTLE, THROTTLE, Answer, failure
from workers.errors import (
    CredentialsRefused,
    NotReached,
    NotThere,
    OutcomeUnknown,
    Permanent,
    PlatformError,
    Rejected,
    StateChanged,
    Throttled,
)
from workers.transport import Change, Transport, new_session
from workers.turns import Limits, Turns

#: What a change and what a question means that is answered so: status, reason in the body.
TABLE: Mapping[tuple[int, str | None], tuple[type[PlatformError], type[PlatformError]]] = {
    (301, None): (OutcomeUnknown, NotReached),
    (302, None): (OutcomeUnknown, NotReached),
    (303, None): (OutcomeUnknown, NotReached),
    (307, None): (OutcomeUnknown, NotReached),
    (308, None): (OutcomeUnknown, NotReached),
    (400, None): (Permanent, Permanent),
    (401, None): (CredentialsRefused, CredentialsRefused),
    (401, "token_expired"): (CredentialsRefused, CredentialsRefused),
    (402, None): (Permanent, Permanent),
    (403, None): (CredentialsRefused, CredentialsRefused),
    (403, "rejected"): (Rejected, Rejected),
    (404, None): (NotThere, NotThere),
    (405, None): (Permanent, Permanent),
    (407, None): (CredentialsRefused, CredentialsRefused),
    (408, None): (OutcomeUnknown, NotReached),
    (409, None): (Permanent, Permanent),
    (409, "state_changed"): (StateChanged, StateChanged),
    (410, None): (NotThere, NotThere),
    (413, None): (Permanent, Permanent),
    (415, None): (Permanent, Permanent),
    (421, None): (NotReached, NotReached),
    (422, None): (Permanent, Permanent),
    (422, "rejected"): (Rejected, Rejected),
    (425, None): (NotReached, NotReached),
    (429, None): (Throttled, Throttled),
    (500, None): (OutcomeUnknown, NotReached),
    (501, None): (OutcomeUnknown, NotReached),
    (502, None): (OutcomeUnknown, NotReached),
    (503, None): (OutcomeUnknown, NotReached),
    (504, None): (OutcomeUnknown, NotReached),
}

CHANGE = Change("op_1:step:0", "op_1", "acme/one")


class Free:
    """A fence that lets everything through."""

    async def ensure(self) -> None:
        """Return at once."""


@dataclass(frozen=True)
class Reply:
    """What the platform of a test says."""

    status: int
    text: str = ""
    kind: str = "application/json"


def ask(reply: Reply, *, is_read: bool) -> Any:
    """Return what a call gets from a platform that always says the same."""

    async def say(_: web.Request) -> web.Response:
        headers = {"Location": "/elsewhere"} if 300 <= reply.status < 400 else {}
        return web.Response(
            status=reply.status, text=reply.text, content_type=reply.kind, headers=headers
        )

    async def call() -> Any:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", say)
        async with (
            TestServer(application) as server,
            new_session(timedelta(seconds=5)) as session,
        ):
            transport = Transport(session, str(server.make_url("")), Free(), Turns(Limits()))
            if is_read:
                return await transport.read("/thing")
            return await transport.change("POST", "/thing", CHANGE, {})

    return asyncio.run(call())


@pytest.mark.parametrize(("said", "means"), TABLE.items(), ids=str)
def test_each_status_is_one_decision(
    said: tuple[int, str | None], means: tuple[type[PlatformError], type[PlatformError]]
) -> None:
    status, reason = said
    reply = Reply(status, f'{{"reason": "{reason}"}}' if reason else "")
    for is_read, kind in zip((False, True), means, strict=True):
        with pytest.raises(PlatformError) as raised:
            ask(reply, is_read=is_read)
        assert type(raised.value) is kind


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, "{not json"),
        Reply(200, "<html>Please log in</html>", "text/html"),
        Reply(201, "done", "text/plain"),
    ],
    ids=str,
)
def test_a_success_that_is_no_json_may_be_anybodys(reply: Reply) -> None:
    with pytest.raises(OutcomeUnknown):
        ask(reply, is_read=False)
    with pytest.raises(NotReached):
        ask(reply, is_read=True)


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_without_a_word_is_one(status: int) -> None:
    assert ask(Reply(status), is_read=False) == {}


def test_json_by_another_name_is_read() -> None:
    assert ask(Reply(200, '{"a": 1}', "application/vnd.pbx+json"), is_read=True) == {"a": 1}
    told = Reply(422, '{"reason": "rejected"}', "application/problem+json")
    with pytest.raises(Rejected):
        ask(told, is_read=False)


@pytest.mark.parametrize("text", ["{not json", "<html>", "[]", "7"])
def test_a_refusal_is_one_whatever_stands_in_it(text: str) -> None:
    with pytest.raises(Permanent, match="status 422"):
        ask(Reply(422, text), is_read=False)


NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def told_to_wait(status: int, **headers: str) -> timedelta:
    """Return how long a platform is left alone that says this."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    error = failure(Answer(status, named, {}), is_read=False)
    assert isinstance(error, Throttled)
    return error.after


def test_a_throttled_call_comes_back_as_told_in_seconds_or_at_a_date() -> None:
    later = format_datetime(NOON + timedelta(seconds=90), usegmt=True)
    now = format_datetime(NOON, usegmt=True)
    assert told_to_wait(429, Retry_After="90") == timedelta(seconds=90)
    assert told_to_wait(429, Retry_After=later, Date=now) == timedelta(seconds=90)
    assert told_to_wait(503, Retry_After="90") == timedelta(seconds=90)


@pytest.mark.parametrize("told", ["", "soon", "-5", "1.5", "٣", "Mon, 99 May 2026 12:00:00 GMT"])
def test_a_pause_that_cannot_be_read_is_a_short_one(told: str) -> None:
    assert told_to_wait(429, Retry_After=told) == THROTTLE


def test_a_pause_is_neither_over_already_nor_longer_than_an_hour() -> None:
    earlier = format_datetime(NOON - timedelta(days=1), usegmt=True)
    later = format_datetime(NOON + timedelta(days=1), usegmt=True)
    now = format_datetime(NOON, usegmt=True)
    assert told_to_wait(429, Retry_After=earlier, Date=now) == THROTTLE
    assert told_to_wait(429, Retry_After=later, Date=now) == LONGEST_THROTTLE
    assert told_to_wait(429, Retry_After="0") == THROTTLE
    assert told_to_wait(429, Retry_After="9" * 5000) == THROTTLE
    assert told_to_wait(429, Retry_After="999999999") == LONGEST_THROTTLE


@pytest.mark.parametrize(("told", "kept"), [("req-7.a", "req-7.a"), ("a b", None), ("", None)])
def test_a_request_id_is_kept_where_it_looks_like_one(told: str, kept: str | None) -> None:
    assert failure(Answer(500, {"X-Request-Id": told}, {}), is_read=True).request_id == kept


@pytest.mark.parametrize(
    ("host", "backlog", "cause"),
    [
        ("127.0.0.1", None, "connection refused (127.0.0.1)"),
        ("127.0.0.1", 10, "timed out (127.0.0.1)"),
        ("vendor.invalid", None, "name unknown (vendor.invalid)"),
    ],
)
@pytest.mark.parametrize("is_read", [True, False])
def test_a_call_without_an_answer_says_why_and_at_which_machine(
    monkeypatch: pytest.MonkeyPatch, host: str, backlog: int | None, cause: str, *, is_read: bool
) -> None:
    def unknown(name: str, *_: object, **__: object) -> Any:
        raise socket.gaierror(name)

    async def call(port: int) -> None:
        async with new_session(timedelta(seconds=0.2)) as session:
            url = f"http://user:secret@{host}:{port}/hidden"
            transport = Transport(session, url, Free(), Turns(Limits()))
            if is_read:
                await transport.read("/hidden", {"number": "+390612345001"})
            else:
                await transport.change("PUT", "/hidden", CHANGE)

    if host != "127.0.0.1":
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if backlog:
            server.listen(backlog)  # nobody ever answers
        with pytest.raises(PlatformError) as told:
            asyncio.run(call(server.getsockname()[1]))
    assert str(told.value).partition(": ")[2] == cause
