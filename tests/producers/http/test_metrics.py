"""Who reads `/metrics`, and that it is what Prometheus reads."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message

from producers.api_keys import hash_of, new_token
from schema.asker import Role
from schema.store.api_keys import AddKey
from schema.store.writer import Writer

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"


def add_key(writer: Writer, role: Role, customer: str | None = None) -> dict[str, str]:
    """Make a key, and return the header that shows it."""
    token = new_token()
    writer.store(AddKey(role, hash_of(token), role, customer))
    return {"authorization": f"Bearer {token}"}


def asked(app: FastAPI, host: str, **headers: str) -> list[Any]:
    """Return what the application sends to somebody who asks from this address."""
    sent: list[Any] = []
    named = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b""}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app({**scope, "headers": named, "client": (host, 50_000)}, receive, send))
    return sent


def status(app: FastAPI, host: str, **headers: str) -> int:
    """Return the status of what is answered."""
    return int(asked(app, host, **headers)[0]["status"])


@pytest.mark.parametrize("host", [HERE, "::1"])
def test_who_asks_from_this_machine_needs_no_key(app: FastAPI, writer: Writer, host: str) -> None:
    add_key(writer, "operator")
    assert status(app, host) == 200


def test_who_asks_from_elsewhere_needs_an_operators_key(app: FastAPI, writer: Writer) -> None:
    operator, admin = add_key(writer, "operator"), add_key(writer, "admin", "acme")
    assert status(app, ELSEWHERE) == 401
    assert status(app, ELSEWHERE, **admin) == 403
    assert status(app, ELSEWHERE, **operator) == 200


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via"])
def test_who_comes_through_a_proxy_on_this_machine_comes_from_elsewhere(
    app: FastAPI, writer: Writer, header: str
) -> None:
    add_key(writer, "operator")
    assert status(app, HERE, **{header: "somebody"}) == 401


def test_the_answer_is_the_text_that_prometheus_reads(app: FastAPI) -> None:
    head, *parts = asked(app, HERE)
    kind = "text/plain; version=0.0.4; charset=utf-8"
    assert (b"content-type", kind.encode()) in head["headers"]
    text = b"".join(each["body"] for each in parts).decode()
    names = {each.name for each in text_string_to_metric_families(text)}
    assert {"turnup_operations_waiting", "turnup_operations_ended", "turnup_processes"} <= names
