"""The registrar does what its configuration says, to phones and to us, before any product speaks to it."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.servers.kamailio import BODY, REALM, Asking, KamailioServer
from tests.servers.phone import Phone
from tests.servers.programs import KAMAILIO, obtain
from tests.servers.tables import HOME
from tests.system.waiting import until

OK, UNAUTHORIZED, FORBIDDEN = HTTPStatus.OK, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN
UNAVAILABLE, AWAY = 480, HTTPStatus.SERVICE_UNAVAILABLE
NOT_FOUND, CONFLICT = HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
FAILED = HTTPStatus.INTERNAL_SERVER_ERROR

PASSWORD = 'a"\\b'


@pytest.fixture
def asking(registrar: KamailioServer) -> Asking:
    """Return who calls the session's registrar."""
    return Asking(registrar)


@contextmanager
def talking(phone: Phone, other: Phone) -> Iterator[Future[int]]:
    """Let one phone talk to another while the block runs; how its call ended can be awaited."""
    with other.answers() as said, ThreadPoolExecutor(1) as line:
        call = line.submit(phone.talk, other.user_name)
        until(lambda: said() == [OK], f"{other.user_name} talks", within=10)
        yield call


def test_a_phone_registers_with_its_own_password_only(
    registrar: KamailioServer, asking: Asking
) -> None:
    told = asking.add("anna", PASSWORD)
    assert told == {
        **BODY,
        "user_name": "anna",
        "domain": REALM,
        "outbound_proxy": f"sip:127.0.0.1:{registrar.sip_port}",
        "password_mark": "first",
        "blocked": False,
        "bindings": [],
    }
    assert registrar.phone("anna", "other").register() == UNAUTHORIZED
    assert registrar.phone("nobody", PASSWORD).register() == UNAUTHORIZED
    assert asking.bindings("anna") == []
    assert registrar.phone("anna", PASSWORD).register() == OK
    [contact] = asking.bindings("anna")
    assert contact.startswith("sip:anna@127.0.0.1:")


def test_a_new_password_replaces_the_old_one_at_once(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("gina", PASSWORD)
    asking.add("gina", "another")
    assert registrar.phone("gina", PASSWORD).register() == UNAUTHORIZED
    assert registrar.phone("gina", "another").register() == OK


def test_a_phone_registers_for_nobody_else(registrar: KamailioServer, asking: Asking) -> None:
    asking.add("bela", PASSWORD)
    asking.add("bruno", PASSWORD)
    assert registrar.phone("bela", PASSWORD).register(for_user="bruno") == FORBIDDEN
    assert asking.bindings("bruno") == asking.bindings("bela") == []


def test_a_blocked_phone_is_refused_until_it_is_unblocked(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("carla", PASSWORD)
    phone = registrar.phone("carla", PASSWORD)
    assert asking.call("PUT", "subscribers/carla/blocked", {"blocked": True}) == (OK, {})
    assert asking.add("carla", PASSWORD)["blocked"]
    assert phone.register() == FORBIDDEN
    asking.call("PUT", "subscribers/carla/blocked", {"blocked": False})
    assert phone.register() == OK


def test_a_blocked_phone_can_neither_call_nor_be_called(
    registrar: KamailioServer, asking: Asking
) -> None:
    phone, other = asking.registered(PASSWORD, "karin", "lisa")
    with other.answers():
        assert phone.call("lisa") == OK
    until(lambda: not registrar.is_in_call("lisa"), "they have hung up", within=10)
    assert phone.call("nobody") == UNAVAILABLE
    asking.call("PUT", "subscribers/karin/blocked", {"blocked": True})
    assert phone.call("lisa") == FORBIDDEN
    assert other.call("karin") == UNAVAILABLE


def test_a_block_ends_the_call_that_is_going_on(registrar: KamailioServer, asking: Asking) -> None:
    phone, other = asking.registered(PASSWORD, "maria", "nora")
    with talking(phone, other) as call:
        asking.call("PUT", "subscribers/nora/blocked", {"blocked": True})
        assert call.result() == OK
        until(lambda: not registrar.is_in_call("maria"), "both have hung up", within=10)


def test_SD_12_a_block_ends_a_call_that_went_on_while_the_registrar_was_restarted(
    registrar: KamailioServer, asking: Asking
) -> None:
    with talking(*asking.registered(PASSWORD, "mila", "nele")) as call:
        registrar.restart()
        asking.call("PUT", "subscribers/nele/blocked", {"blocked": True})
        assert call.result() == OK


def test_a_binding_is_dropped_by_a_call_and_by_removing_its_subscriber(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("dora", PASSWORD)
    phone = registrar.phone("dora", PASSWORD)
    phone.register()
    for _ in range(2):
        assert asking.call("DELETE", "subscribers/dora/bindings") == (OK, {})
        assert asking.bindings("dora") == []
    phone.register()
    for _ in range(2):
        assert asking.call("DELETE", "subscribers/dora") == (OK, {})
        assert asking.call("GET", "subscribers/dora") == (NOT_FOUND, {})
    assert phone.register() == UNAUTHORIZED
    asking.add("dora", PASSWORD)
    assert asking.bindings("dora") == []


def test_what_is_written_outlives_a_restart_and_a_crash(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("emma", PASSWORD)
    phone = registrar.phone("emma", PASSWORD)
    assert phone.register() == OK
    told = asking.call("GET", "subscribers/emma")
    assert len(told[1]["bindings"]) == 1
    for again in (registrar.restart, registrar.crash):
        again()
        assert asking.call("GET", "subscribers/emma") == told
        assert phone.register() == OK
    asking.call("DELETE", "subscribers/emma/bindings")
    registrar.restart()
    assert asking.bindings("emma") == []


@pytest.mark.parametrize("settings", [(), ("-A", "POSTGRES=postgres://turnup@127.0.0.1/registrar")])
def test_the_configuration_needs_no_other_setting(settings: tuple[str, ...]) -> None:
    programs = obtain(KAMAILIO).directory
    assert programs is not None
    checked = (str(programs / "kamailio"), "-c", "-f", str(HOME / "kamailio.cfg"), *settings)
    done = subprocess.run(checked, capture_output=True, check=False, text=True)
    assert (done.returncode, "ERROR" in done.stderr) == (0, False), done.stderr


def test_a_registrar_leaves_no_process() -> None:
    with KamailioServer() as server:
        pids = server.pids()
    assert pids
    assert [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()] == []


def test_a_workspace_stays_while_a_device_stands_in_it(asking: Asking) -> None:
    room = {"title": "Room 5 'b'", "licence": "professional", "number": "+390512345"}
    assert asking.call("PUT", "workspaces/one~room", room) == (OK, {})
    assert asking.call("GET", "workspaces/one~room") == (OK, room)
    asking.add("flora", PASSWORD)
    owners = {"owners": ["workspace:one~room"]}
    assert asking.call("PUT", "subscribers/flora/owners", owners) == (OK, {})
    assert asking.call("DELETE", "workspaces/one~room")[0] == CONFLICT
    asking.call("PUT", "subscribers/flora/owners", {"owners": ["workspace:one~room2"]})
    assert asking.call("DELETE", "workspaces/one~room") == (OK, {})
    assert asking.call("GET", "workspaces/one~room") == (NOT_FOUND, {})


def test_a_binding_that_expires_is_gone(registrar: KamailioServer, asking: Asking) -> None:
    asking.add("paula", PASSWORD)
    assert registrar.phone("paula", PASSWORD).register(seconds=1) == OK

    def told() -> list[str]:
        _, found = asking.call("GET", "news")
        return [each["kind"] for each in found["news"] if each["platform_id"] == "paula"]

    until(lambda: told() == ["registered", "unregistered"], "it has expired", within=10)
    assert asking.bindings("paula") == []


def test_whoever_finds_the_database_written_waits_for_a_moment(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("rosa", PASSWORD)
    phone = registrar.phone("rosa", PASSWORD)
    with ThreadPoolExecutor(2) as both:
        with registrar.written():
            registered = both.submit(phone.register)
            added = both.submit(asking.add, "sara", PASSWORD)
            calls: list[Future[Any]] = [registered, added]
            assert wait(calls, timeout=0.5).done == set()
        assert registered.result() == OK
        assert added.result()["user_name"] == "sara"
    assert len(asking.bindings("rosa")) == 1


def test_as_many_owners_as_a_device_can_have_are_kept(asking: Asking) -> None:
    owners = [f"user:{'è' * 60}~{'ù' * 75}{number}" for number in range(35)]
    assert asking.add("olga", PASSWORD, owners=owners)["owners"] == owners
    assert asking.call("PUT", "subscribers/olga/owners", {"owners": owners[1:]}) == (OK, {})
    assert asking.call("GET", "subscribers/olga")[1]["owners"] == owners[1:]


def test_the_approved_types_are_those_of_the_table(
    registrar: KamailioServer, asking: Asking
) -> None:
    registrar.approve("Yealink T54W", "96.86.0.23")
    _, told = asking.call("GET", "types")
    row = {"name": "Yealink T54W", "minimum_firmware": "96.86.0.23", "is_secure": True}
    assert row in told["types"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_the_database_does_not_do_is_said_to_have_failed(
    registrar: KamailioServer, asking: Asking, method: str
) -> None:
    with registrar.lacking("workspace"):
        assert asking.call(method, "workspaces/room", {"title": "Room"}) == (FAILED, {})
    assert asking.call("GET", "workspaces/room") == (NOT_FOUND, {})


def test_a_phone_is_not_told_that_its_password_is_wrong_where_nobody_could_look(
    registrar: KamailioServer, asking: Asking
) -> None:
    asking.add("tina", PASSWORD)
    with registrar.lacking("subscriber"):
        assert registrar.phone("tina", PASSWORD).register() == AWAY
    assert registrar.phone("tina", PASSWORD).register() == OK


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
def test_what_is_not_there_is_not_found(asking: Asking, method: str, path: str) -> None:
    assert asking.call(method, path, {"blocked": True, "owners": []}) == (NOT_FOUND, {})
