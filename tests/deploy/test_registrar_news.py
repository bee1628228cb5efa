"""What devices do at a real registrar is told to Turnup, signed, in order, until it is taken."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook

from deploy.kamailio.news import DOOR, NotTaken, carry
from tests.servers.kamailio import Asking, KamailioServer

SEAL = Webhook("whsec_" + base64.b64encode(bytes(24)).decode())
PASSWORD = "plug me in"


class Door(ThreadingHTTPServer):
    """Plays the door of Turnup: keeps what is told, unless it has to answer something else."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hand)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.status = 204
        self.told: list[dict[str, Any]] = []

    def of(self, name: str) -> list[tuple[str, str]]:
        """What was told of a subscriber, as kind and MAC address."""
        return [(t["kind"], t["facts"]["mac"]) for t in self.told if t["platform_id"] == name]


class Hand(BaseHTTPRequestHandler):
    """Takes one call."""

    server: Door

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        SEAL.verify(body, dict(self.headers), json_parse=False)
        assert self.path == DOOR
        self.server.told.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def door() -> Iterator[Door]:
    """Return a door that is open while the test runs."""
    with Door() as opened:
        thread = Thread(target=opened.serve_forever, args=(0.01,))
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()


def test_SD_10_the_first_binding_and_the_end_of_the_last_are_told_once_and_in_order(
    registrar: KamailioServer, door: Door
) -> None:
    Asking(registrar).add("hanna", PASSWORD, mac="aabbccddee07")
    phone, second = (registrar.phone("hanna", PASSWORD) for _ in range(2))
    for each in (phone, phone, second):
        each.register()
    phone.register(seconds=0)
    second.register(seconds=0)
    while carry(registrar.url, door.url, SEAL):
        pass
    mac = "aabbccddee07"
    assert door.of("hanna") == [("registered", mac), ("unregistered", mac)]
    sequences = [told["facts"]["sequence"] for told in door.told]
    assert sequences == sorted(set(sequences))
    assert carry(registrar.url, door.url, SEAL) == 0


def test_SD_10_what_was_not_taken_is_told_again_under_the_same_id(
    registrar: KamailioServer, door: Door
) -> None:
    Asking(registrar).add("irma", PASSWORD)
    registrar.phone("irma", PASSWORD).register()
    door.status = 500
    with pytest.raises(NotTaken, match="500"):
        carry(registrar.url, door.url, SEAL)
    door.status = 204
    while carry(registrar.url, door.url, SEAL):
        pass
    first, *_ = door.told
    assert [told["id"] for told in door.told].count(first["id"]) == 2
    assert ("registered", "aabbccddee01") in door.of("irma")


def test_SD_11_nothing_is_told_of_a_device_that_was_removed(
    registrar: KamailioServer, door: Door
) -> None:
    asking = Asking(registrar)
    asking.add("jana", PASSWORD)
    registrar.phone("jana", PASSWORD).register()
    asking.call("DELETE", "subscribers/jana")
    while carry(registrar.url, door.url, SEAL):
        pass
    assert [kind for kind, _ in door.of("jana")] == ["registered"]
