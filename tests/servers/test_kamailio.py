"""The registrar does what its configuration says, to phones and to us, before any product speaks to it."""

import contextlib
import json
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.servers.kamailio import REALM, KamailioServer

OK, UNAUTHORIZED, FORBIDDEN = HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN
NOT_FOUND, CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT

BODY = {"mac": "aabbccddee01", "type": "Yealink 'T54W' \"x\"", "owners": ["user:one~anna"]}
PASSWORD = 'a"\\b'


class Client:
    """Calls the registrar as the product does."""

    def __init__(self, server: KamailioServer) -> None:
        self._server = server

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return how a call was answered."""
        connection = HTTPConnection("127.0.0.1", self._server.port, 10)
        with contextlib.closing(connection):
            told = None if body is None else json.dumps(body)
            connection.request(method, f"/sip_device/{path}", told)
            answer = connection.getresponse()
            return answer.status, json.load(answer)

    def add(self, name: str, password: str = PASSWORD) -> Any:
        """Add a subscriber, or change the one there is; return it as it is told."""
        body = {**BODY, "password": password, "password_mark": "first"}
        status, told = self.call("PUT", f"subscribers/{name}", body)
        assert status == OK
        return told

    def bindings(self, name: str) -> list[str]:
        """Where a subscriber can be reached."""
        _, told = self.call("GET", f"subscribers/{name}")
        return list(told["bindings"])


@pytest.fixture
def client(registrar: KamailioServer) -> Client:
    """Return who calls the session's registrar."""
    return Client(registrar)


def test_a_phone_registers_with_its_own_password_only(
    registrar: KamailioServer, client: Client
) -> None:
    told = client.add("anna")
    assert told == {
        **BODY,
        "user_name": "anna",
        "domain": REALM,
        "outbound_proxy": f"127.0.0.1:{registrar.sip_port}",
        "password_mark": "first",
        "blocked": False,
        "bindings": [],
    }
    assert registrar.phone("anna", "other").register() == UNAUTHORIZED
    assert registrar.phone("nobody", PASSWORD).register() == UNAUTHORIZED
    assert client.bindings("anna") == []
    assert registrar.phone("anna", PASSWORD).register() == OK
    [contact] = client.bindings("anna")
    assert contact.startswith("sip:anna@127.0.0.1:")


def test_a_phone_registers_for_nobody_else(registrar: KamailioServer, client: Client) -> None:
    client.add("bela")
    client.add("bruno")
    assert registrar.phone("bela", PASSWORD).register(for_user="bruno") == FORBIDDEN
    assert client.bindings("bruno") == client.bindings("bela") == []


def test_a_blocked_phone_is_refused_until_it_is_unblocked(
    registrar: KamailioServer, client: Client
) -> None:
    client.add("carla")
    phone = registrar.phone("carla", PASSWORD)
    assert client.call("PUT", "subscribers/carla/blocked", {"blocked": True}) == (OK, {})
    assert client.add("carla")["blocked"]
    assert phone.register() == FORBIDDEN
    client.call("PUT", "subscribers/carla/blocked", {"blocked": False})
    assert phone.register() == OK


def test_a_binding_is_dropped_by_a_call_and_by_removing_its_subscriber(
    registrar: KamailioServer, client: Client
) -> None:
    client.add("dora")
    phone = registrar.phone("dora", PASSWORD)
    phone.register()
    for _ in range(2):
        assert client.call("DELETE", "subscribers/dora/bindings") == (OK, {})
        assert client.bindings("dora") == []
    phone.register()
    for _ in range(2):
        assert client.call("DELETE", "subscribers/dora") == (OK, {})
        assert client.call("GET", "subscribers/dora") == (NOT_FOUND, {})
    assert phone.register() == UNAUTHORIZED
    client.add("dora")
    assert client.bindings("dora") == []


def test_what_is_written_outlives_a_restart_and_a_crash() -> None:
    with KamailioServer() as server:
        client = Client(server)
        client.add("emma")
        phone = server.phone("emma", PASSWORD)
        assert phone.register() == OK
        told = client.call("GET", "subscribers/emma")
        for again in (server.restart, server.crash):
            again()
            assert client.call("GET", "subscribers/emma") == told
            assert phone.register() == OK
        client.call("DELETE", "subscribers/emma/bindings")
        server.restart()
        assert client.bindings("emma") == []
        pids = server.pids()
    assert [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()] == []


def test_a_workspace_stays_while_a_device_stands_in_it(client: Client) -> None:
    room = {"title": "Room 5 'b'", "licence": "professional", "number": "+390512345"}
    assert client.call("PUT", "workspaces/one~room", room) == (OK, {})
    assert client.call("GET", "workspaces/one~room") == (OK, room)
    client.add("flora")
    owners = {"owners": ["workspace:one~room"]}
    assert client.call("PUT", "subscribers/flora/owners", owners) == (OK, {})
    assert client.call("DELETE", "workspaces/one~room")[0] == CONFLICT
    client.call("PUT", "subscribers/flora/owners", {"owners": ["workspace:one~room2"]})
    assert client.call("DELETE", "workspaces/one~room") == (OK, {})
    assert client.call("GET", "workspaces/one~room") == (NOT_FOUND, {})


def test_the_approved_types_are_those_of_the_table(
    registrar: KamailioServer, client: Client
) -> None:
    registrar.approve("Yealink T54W", "96.86.0.23")
    _, told = client.call("GET", "types")
    row = {"name": "Yealink T54W", "minimum_firmware": "96.86.0.23", "is_secure": True}
    assert row in told["types"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "subscribers/nobody/blocked"),
        ("PUT", "subscribers/nobody/owners"),
        ("GET", "subscribers/x'--"),
        ("GET", "subscribers"),
        ("DELETE", "types"),
    ],
)
def test_what_is_not_there_is_not_found(client: Client, method: str, path: str) -> None:
    assert client.call(method, path, {"blocked": True, "owners": []}) == (NOT_FOUND, {})
