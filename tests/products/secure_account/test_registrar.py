"""An account whose calls go over a real registrar: who can call whom while it is disabled, and hears why (SA-6)."""

from dataclasses import replace
from http import HTTPStatus
from socket import SOCK_DGRAM, socket
from typing import Any

import pytest

from tests.products.secure_account.accounts import PRODUCT, do, enable
from tests.servers.kamailio import Asking, KamailioServer
from tests.servers.phone import Phone
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.products.secure_account.platform import Account, AccountPlatform, connect
from workers.transport import Transport
from workers.workflow import Work

OK, FORBIDDEN, UNAVAILABLE, EARLY_MEDIA = HTTPStatus.OK, HTTPStatus.FORBIDDEN, 480, 183
PASSWORD = "of an account"

#: What a media server plays: as many samples as a packet takes; and how long it may take, in seconds.
MESSAGE, PATIENCE = bytes(range(160)), 10

#: Whose account it is, and who talks with him.
USER, COLLEAGUE = "maria-secure", "ugo-secure"


class Server:
    """The played account server, but for calls: those the real registrar lets through."""

    def __init__(self, played: AccountPlatform, registrar: KamailioServer) -> None:
        self._played = played
        self._asking = Asking(registrar)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._played, name)

    async def allow_calls(self, work: Work, *, allowed: bool) -> Account:
        """Let the user call and be called, or not."""
        self._asking.call(
            "PUT", f"subscribers/{USER}/calls_stopped", {"calls_stopped": not allowed}
        )
        return await self._played.allow_calls(work, allowed=allowed)


@pytest.fixture
def phones(registrar: KamailioServer) -> tuple[Phone, Phone]:
    """Return the phones of both, registered."""
    both = (registrar.phone(USER, PASSWORD), registrar.phone(COLLEAGUE, PASSWORD))
    for phone in both:
        Asking(registrar).add(phone.user_name, PASSWORD)
        assert phone.register() == OK
    return both


@pytest.fixture
def world(make_sqlite_world: MakeWorld, registrar: KamailioServer) -> World:
    """A world whose account server lets calls go over the registrar."""

    def to_server(transport: Transport) -> Server:
        return Server(connect(transport), registrar)

    subject = find_subjects()[PRODUCT]
    return make_sqlite_world(replace(subject, home=replace(subject.home, connect=to_server)))


def test_SA_6_a_disabled_user_can_neither_call_nor_be_called_over_a_real_registrar(
    world: World, registrar: KamailioServer, phones: tuple[Phone, Phone]
) -> None:
    user, colleague = phones
    enable(world)
    with colleague.answers():
        assert user.call(COLLEAGUE) == OK
    do(world, "disable")
    with socket(type=SOCK_DGRAM) as ear, registrar.announcer.announces(MESSAGE):
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(PATIENCE)
        assert user.listen(COLLEAGUE, ear.getsockname()[1]) == [EARLY_MEDIA, FORBIDDEN]
        assert ear.recv(1500).endswith(MESSAGE)
    assert user.register() == OK
    assert colleague.call(USER) == UNAVAILABLE
    do(world, "enable")
    with user.answers():
        assert colleague.call(USER) == OK
