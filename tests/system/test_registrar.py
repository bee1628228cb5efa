"""A device from its order to its end at a real registrar: what we say there is what phones can do (SD-7 to SD-12)."""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from schema.discovery import find_products
from tests.servers.kamailio import Asking, KamailioServer
from tests.servers.phone import Phone
from tests.servers.process import free_port
from tests.system.client import Client
from tests.system.process import FAREWELL, TURNUP
from tests.system.waiting import until

OK, UNAUTHORIZED, FORBIDDEN = HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN

TYPE = {"type": "Yealink T54W", "firmware": "96.86.0.120"}
SECRET = "whsec_" + base64.b64encode(bytes(32)).decode()

#: The customer has the special access, and somebody who uses the devices.
ACME = {
    "version": 1,
    "name": "Acme",
    "country": "IT",
    "admins": [{"name": "Anna Bianchi", "email": "anna@acme.example"}],
    "entitlements": {"sip_device": 1},
    "users": [{"user_name": "maria.rossi", "name": "Maria Rossi"}],
}

ENDS = {"succeeded", "failed", "cancelled"}


@dataclass(frozen=True)
class Site:
    """A Turnup that works with a real registrar."""

    door: Client
    registrar: KamailioServer
    numbers: Iterator[int]

    def ask(self, verb: str, reference: str, **data: object) -> str:
        """Hand in a command about a device, and return its operation."""
        identity = str(next(self.numbers))
        [outcome] = self.door.submit([event(identity, f"sip_device.{verb}", reference, data)])
        return str(outcome["operation"]["id"])

    def done(self, verb: str, reference: str, **data: object) -> None:
        """Hand in a command, and wait until it has succeeded."""
        self.await_end(self.ask(verb, reference, **data))

    def await_end(self, operation: str) -> None:
        """Wait until an operation has succeeded."""
        path = f"/v1/operations/{operation}"
        until(lambda: self.door.get(path)["state"] in ENDS, f"{operation} has ended")
        assert self.door.get(path)["state"] == "succeeded"

    def add(self, reference: str) -> str:
        """Add a device, wait until it can register, and return its operation."""
        operation = self.order(reference)
        self.await_state(reference, "provisioned")
        return operation

    def order(self, reference: str) -> str:
        """Ask for a device, and return the operation."""
        mac = f"0050c2{next(self.numbers):06x}"
        told = {"accepted_by": "Anna Bianchi", "accepted_at": "2026-05-04T09:00:00+02:00"}
        wanted = {**TYPE, "mac": mac, "users": ["maria.rossi"], "disclaimer": told}
        return self.ask("activate", reference, **wanted)

    def await_state(self, reference: str, state: str) -> None:
        """Wait until a device is in a state."""
        path = f"/v1/services/acme/{reference}"
        until(lambda: self.door.get(path)["state"] == state, f"{reference} is {state}", within=20)

    def phone(self, reference: str) -> Phone:
        """Reveal the password of a device, and set a phone up with it."""
        service = self.door.get(f"/v1/services/acme/{reference}")
        revealed = self.door.ask("POST", f"/v1/services/{service['id']}/reveal", {})
        return self.registrar.phone(service["facts"]["user_name"], revealed["value"])

    def row(self, phone: Phone) -> tuple[int, Any]:
        """Ask the registrar for a subscriber."""
        return Asking(self.registrar).call("GET", f"subscribers/{phone.user_name}")


def event(identity: str, kind: str, reference: str, data: Mapping[str, object]) -> dict[str, Any]:
    """Return a CloudEvent about something of the customer, or about the customer himself."""
    named = {
        "id": identity,
        "type": f"turnup.{kind}",
        "subject": f"acme{reference and '/'}{reference}",
    }
    return {"specversion": "1.0", "source": "upstream", **named, "data": data}


@contextmanager
def running(
    command: tuple[str, ...], environment: Mapping[str, str], place: Path
) -> Iterator[None]:
    """Let a process work while the block runs."""
    with (place / "output.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=place, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(FAREWELL)


@pytest.fixture(scope="module")
def site(registrar: KamailioServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One process of Turnup, the courier of the registrar's news, and a customer."""
    place = tmp_path_factory.mktemp("site")
    door = Client(free_port())
    values = {
        "DATABASE_URL": f"sqlite:///{place}/turnup.db",
        "LISTEN": f"127.0.0.1:{door.port}",
        "PLATFORM_SIP_DEVICE_SECRET": SECRET,
        **{f"PLATFORM_{name.upper()}_URL": registrar.url for name in find_products()},
    }
    ours = {name: each for name, each in os.environ.items() if not name.startswith("TURNUP_")}
    environment = ours | {f"TURNUP_{name}": value for name, value in values.items()}
    registrar.approve(TYPE["type"], "96.86.0.100")
    courier = (sys.executable, "-m", "deploy.kamailio.news", registrar.url, door.url)
    with ExitStack() as stack:
        stack.enter_context(running((TURNUP, "serve"), environment, place))
        stack.enter_context(running(courier, environment, place))
        until(lambda: door.answers("/readyz"), "the server is ready")
        door.submit([event("acme", "customer.changed", "", ACME)])
        yield Site(door, registrar, count(1))


def test_SD_10_the_password_that_was_revealed_registers_the_device_and_no_other_does(
    site: Site,
) -> None:
    operation = site.add("desk")
    phone = site.phone("desk")
    assert site.registrar.phone(phone.user_name, "not-the-password").register() == UNAUTHORIZED
    assert site.row(phone)[1]["bindings"] == []
    assert phone.register() == OK
    site.await_end(operation)
    site.await_state("desk", "registered")
    phone.register(seconds=0)
    site.await_state("desk", "unregistered")
    phone.register()
    site.await_state("desk", "registered")


def test_SD_7_after_a_reset_the_old_password_is_refused_and_its_binding_is_gone(site: Site) -> None:
    site.add("reset")
    old = site.phone("reset")
    assert old.register() == OK
    site.await_state("reset", "registered")
    site.done("reset_password", "reset")
    assert site.row(old)[1]["bindings"] == []
    assert old.register() == UNAUTHORIZED
    site.await_state("reset", "unregistered")
    assert site.phone("reset").register() == OK
    site.await_state("reset", "registered")


def test_SD_12_a_block_cuts_registration_and_calls_until_it_is_taken_back(site: Site) -> None:
    site.add("thief")
    site.add("victim")
    phone, other = site.phone("thief"), site.phone("victim")
    assert (phone.register(), other.register()) == (OK, OK)
    site.done("block", "thief")
    assert site.row(phone)[1]["bindings"] == []
    assert phone.register() == FORBIDDEN
    assert phone.call(other.user_name) == FORBIDDEN
    site.done("unblock", "thief")
    assert phone.register() == OK
    with other.answers():
        assert phone.call(other.user_name) == OK


def test_SD_11_a_deleted_device_leaves_nothing_at_the_registrar(site: Site) -> None:
    site.add("gone")
    phone = site.phone("gone")
    assert phone.register() == OK
    site.await_state("gone", "registered")
    site.done("delete", "gone")
    assert site.row(phone)[0] == HTTPStatus.NOT_FOUND
    assert phone.register() == UNAUTHORIZED


def test_SD_10_a_registrar_that_is_restarted_in_the_middle_loses_nothing_of_ours(
    site: Site,
) -> None:
    operation = site.add("before")
    phone = site.phone("before")
    assert phone.register() == OK
    site.await_end(operation)
    site.registrar.stop()
    blocked = site.ask("block", "before")
    added = site.order("meanwhile")
    path = f"/v1/operations/{blocked}"
    until(lambda: site.door.get(path)["state"] == "waiting", "it waits for the registrar")
    site.registrar.start()
    site.await_end(blocked)
    assert phone.register() == FORBIDDEN
    site.await_state("meanwhile", "provisioned")
    assert site.phone("meanwhile").register() == OK
    site.await_end(added)
