"""What the registrar cuts off, and who would like to slip through in that moment, or beside it (SD-7, SD-12)."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from tests.servers.kamailio import REALM, Asking, KamailioServer
from tests.system.waiting import until

OK, RINGING = HTTPStatus.OK, 180
UNKNOWN = "SIP/2.0 481 Call/Transaction Does Not Exist"
PASSWORD = "of a phone"

#: How long anything may take here, and for how long a registration is held up, in seconds.
PATIENCE, HELD = 10, 0.5

#: What a phone says that would like to be in a call already, without any password.
FORGED = """\
INVITE sip:{to}@127.0.0.1:{heard} SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bKforged
Route: <sip:127.0.0.1:{there};lr>
From: <sip:wilma@{realm}>;tag=1
To: <sip:{to}@{realm}>;tag=1
Call-ID: forged
CSeq: 1 INVITE
Contact: <sip:wilma@127.0.0.1:{here}>
Content-Length: 0

"""


@pytest.fixture
def asking(registrar: KamailioServer) -> Asking:
    """Return who calls the session's registrar."""
    return Asking(registrar)


def test_SD_12_who_is_cut_off_while_it_rings_does_not_talk_even_if_it_is_answered(
    asking: Asking,
) -> None:
    callers = asking.registered(PASSWORD, "uma", "ulla", "ute")
    called = asking.registered(PASSWORD, "vera", "vally", "veit")
    with ExitStack() as stack, ThreadPoolExecutor(3) as lines:
        rings = [stack.enter_context(phone.rings()) for phone in called]
        pairs = zip(callers, called, strict=True)
        calls = [lines.submit(caller.talk, other.user_name) for caller, other in pairs]
        until(lambda: [said() for said in rings] == [[RINGING]] * 3, "all ring", within=PATIENCE)
        asking.call("PUT", "subscribers/uma/blocked", {"blocked": True})
        asking.call("PUT", "subscribers/vally/calls_stopped", {"calls_stopped": True})
        asking.call("DELETE", "subscribers/veit")
        assert [call.result() for call in calls] == [OK] * 3


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("xenia", "UPDATE subscriber SET blocked = 1 WHERE username = 'xenia'"),
        ("xaver", "UPDATE subscriber SET password_mark = 'second' WHERE username = 'xaver'"),
    ],
    ids=["block", "password"],
)
def test_SD_7_SD_12_a_registration_that_a_block_or_a_new_password_overtakes_leaves_no_binding(
    registrar: KamailioServer, asking: Asking, name: str, change: str
) -> None:
    asking.add(name, PASSWORD)
    with ThreadPoolExecutor(1) as line:
        with registrar.written(change):
            registering = line.submit(registrar.phone(name, PASSWORD).register)
            assert wait([registering], timeout=HELD).done == set()
        assert registering.result() == OK
    until(lambda: asking.bindings(name) == [], "the binding is dropped", within=PATIENCE)


def test_SD_12_who_only_says_that_he_is_in_a_call_gets_through_to_nobody(
    registrar: KamailioServer, asking: Asking
) -> None:
    [other] = asking.registered(PASSWORD, "yvonne")
    with socket.socket(type=socket.SOCK_DGRAM) as phone:
        phone.settimeout(PATIENCE)
        phone.connect(("127.0.0.1", registrar.sip_port))
        ports = {"here": phone.getsockname()[1], "there": registrar.sip_port}
        said = FORGED.format(to="yvonne", heard=other.own_port, realm=REALM, **ports)
        phone.send(said.replace("\n", "\r\n").encode())
        assert phone.recv(1500).decode().splitlines()[0] == UNKNOWN


def test_SD_12_what_is_asked_over_HTTP_is_not_heard_where_phones_speak(
    registrar: KamailioServer, asking: Asking
) -> None:
    [phone] = asking.registered(PASSWORD, "zoe")
    body = json.dumps({"blocked": True})
    said = (
        f"PUT /sip_device/subscribers/zoe/blocked HTTP/1.1\nContent-Length: {len(body)}\n\n{body}"
    )
    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
        stranger.sendto(said.replace("\n", "\r\n").encode(), ("127.0.0.1", registrar.sip_port))
        assert phone.register() == OK
    assert not asking.call("GET", "subscribers/zoe")[1]["blocked"]
