"""The extensions of a telephone system that are subscribers of a real registrar: what phones find (CP-2)."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest

from tests.servers.kamailio import Asking, KamailioServer
from tests.servers.phone import Phone
from tests.world.fixtures import MakeWorld
from tests.world.subjects import Subject, find_subjects
from tests.world.world import World
from workers.products.cloud_pbx.platform import Instances, PbxPlatform, connect
from workers.transport import Transport
from workers.workflow import Work

OK, FORBIDDEN = HTTPStatus.OK, HTTPStatus.FORBIDDEN
PASSWORD = "of an extension"


class Cluster:
    """The played cluster, but for what registers there: that is the real registrar's."""

    def __init__(self, played: PbxPlatform, registrar: KamailioServer, names: list[str]) -> None:
        self._played = played
        self._asking = Asking(registrar)
        self._names = names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._played, name)

    async def show(self, work: Work) -> Instances:
        """Count what is really bound."""
        bound = sum(len(self._asking.bindings(name)) for name in self._names)
        return replace(await self._played.show(work), registered_extensions=bound)

    async def allow_access(self, work: Work, *, allowed: bool) -> None:
        """Let the extensions in, or refuse them."""
        await self._played.allow_access(work, allowed=allowed)
        for name in self._names:
            self._asking.call("PUT", f"subscribers/{name}/blocked", {"blocked": not allowed})

    async def deregister(self, work: Work) -> None:
        """Drop what is bound."""
        await self._played.deregister(work)
        for name in self._names:
            self._asking.call("DELETE", f"subscribers/{name}/bindings")


@pytest.fixture
def phones(registrar: KamailioServer) -> list[Phone]:
    """Return the phones of three extensions."""
    return [registrar.phone(f"extension-{number}", PASSWORD) for number in (201, 202, 203)]


@pytest.fixture
def world(make_sqlite_world: MakeWorld, registrar: KamailioServer, phones: list[Phone]) -> World:
    """A world whose telephone system has these extensions."""
    names = [phone.user_name for phone in phones]
    for name in names:
        Asking(registrar).add(name, PASSWORD)

    def to_cluster(transport: Transport) -> Cluster:
        return Cluster(connect(transport), registrar, names)

    subject: Subject = find_subjects()["cloud_pbx"]
    return make_sqlite_world(replace(subject, home=replace(subject.home, connect=to_cluster)))


def test_CP_2_every_extension_is_deregistered_and_none_is_deleted(
    world: World, registrar: KamailioServer, phones: list[Phone]
) -> None:
    asking = Asking(registrar)
    world.submit("activate")
    world.settle()
    assert [phone.register() for phone in phones] == [OK, OK, OK]
    world.submit("deactivate")
    world.settle()
    assert [asking.bindings(phone.user_name) for phone in phones] == [[], [], []]
    assert [phone.register() for phone in phones] == [FORBIDDEN, FORBIDDEN, FORBIDDEN]
    world.submit("activate")
    world.settle()
    assert [phone.register() for phone in phones] == [OK, OK, OK]
