"""The registrar as the steps see it: a table of subscribers, each with its bindings, and the port's client over HTTP.

Names are ours: the user name of a subscriber and the name of a workspace are chosen before the first call and never
change, so that every call can be repeated, and everything can be asked for by name.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from schema.products.sip_device.commands import mac_address
from schema.products.sip_device.rules import APPROVED_TYPES, WORKSPACE
from workers.comparing import as_found
from workers.errors import NotThere, StateChanged
from workers.products.sip_device.owners import owners_of, workspace_name
from workers.transport import Change, Transport
from workers.workflow import Work

Json = dict[str, Any]

#: What a workspace is like at the platform, by our names.
ROOM = (
    "name",
    "room_type",
    "capacity",
    "subscription",
    "licence",
    "location",
    "number",
    "extension",
)


@dataclass(frozen=True, slots=True)
class Device:
    """What uses a SIP account: its MAC address (`aabbccddeeff`), its approved type, and whose it is."""

    mac: str
    type: str
    #: `user:<customer>~<user name>` of each user who shares it, or one `workspace:<customer>~<reference>`.
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Password:
    """A password, and a word that is kept beside it: it tells whether this is the one that works, and nothing of it."""

    text: str = field(repr=False)
    mark: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A row of the registrar's table, with what is bound to it now; its password is never shown."""

    user_name: str
    domain: str
    outbound_proxy: str
    device: Device
    #: The `Password.mark` of the password that works now.
    password_mark: str
    is_blocked: bool
    #: Where the device can be reached now: the contact of each registration that has not expired.
    bindings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workspace:
    """A room or the like that devices stand in, with its own number."""

    #: `<customer>~<reference>`, with `owner` the same that stands in `Device.owners`.
    name: str
    title: str
    room_type: str
    capacity: int
    subscription: str
    licence: str
    location: str
    number: str
    extension: str | None = None

    @property
    def owner(self) -> str:
        """How the devices that stand in it name it."""
        return f"workspace:{self.name}"


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A type on the platform's list of approved ones (SD-2)."""

    name: str
    minimum_firmware: str
    is_secure: bool


class SipPlatform(Protocol):
    """What the registrar can do; each call may raise a `PlatformError`.

    Of what is to be changed but is not there any more, `StateChanged`; what is to be removed may be gone already. The
    vendor races where two calls are about one owner at the same time (SD-8): our side sees to it that none are.
    """

    async def show(self, user_name: str) -> Subscriber | None:
        """Return a row of the table with its bindings; None where there is none."""

    async def put_subscriber(
        self, work: Work, user_name: str, device: Device, password: Password
    ) -> Subscriber:
        """Add a row, or give the one of this name another device and password; the old password stops at once.

        Bindings and a block stay as they are.
        """

    async def set_owners(self, work: Work, user_name: str, owners: tuple[str, ...]) -> None:
        """Say whose the device is from now on (SD-1)."""

    async def block(self, work: Work, user_name: str, *, blocked: bool) -> None:
        """Refuse registrations and calls, or take that back; bindings are dropped by a call of their own."""

    async def drop_bindings(self, work: Work, user_name: str) -> None:
        """Drop every binding of a subscriber now: its device is no longer reached."""

    async def remove_subscriber(self, work: Work, user_name: str) -> None:
        """Remove a row with its credential and its bindings."""

    async def put_workspace(self, work: Work, workspace: Workspace) -> None:
        """Make a workspace, or make the one of this name like this."""

    async def show_workspace(self, name: str) -> Workspace | None:
        """Return a workspace; None where there is none of this name."""

    async def remove_workspace(self, work: Work, name: str) -> None:
        """Remove a workspace; `StateChanged` while a device stands in it."""

    async def approved_types(self) -> tuple[DeviceType, ...]:
        """Return the list of approved types as it is now (SD-2)."""


class HttpSipPlatform:
    """The registrar behind its vendor's HTTP interface."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def show(self, user_name: str) -> Subscriber | None:
        """Read a row; see `SipPlatform`."""
        try:
            return _subscriber(await self._transport.read(f"/sip_device/subscribers/{user_name}"))
        except NotThere:
            return None

    async def put_subscriber(
        self, work: Work, user_name: str, device: Device, password: Password
    ) -> Subscriber:
        """Write a row; see `SipPlatform`."""
        told = {"mac": device.mac, "type": device.type, "owners": list(device.owners)}
        body = {**told, "password": password.text, "password_mark": password.mark}
        path = f"/sip_device/subscribers/{user_name}"
        return _subscriber(await self._transport.change("PUT", path, Change.of(work), body))

    async def set_owners(self, work: Work, user_name: str, owners: tuple[str, ...]) -> None:
        """Write the owners of a row."""
        await self._change(work, user_name, "owners", {"owners": list(owners)})

    async def block(self, work: Work, user_name: str, *, blocked: bool) -> None:
        """Set the switch of a row."""
        await self._change(work, user_name, "blocked", {"blocked": blocked})

    async def drop_bindings(self, work: Work, user_name: str) -> None:
        """Delete the bindings of a row."""
        await self._remove(work, f"subscribers/{user_name}/bindings")

    async def remove_subscriber(self, work: Work, user_name: str) -> None:
        """Delete a row; it may be gone already."""
        await self._remove(work, f"subscribers/{user_name}")

    async def put_workspace(self, work: Work, workspace: Workspace) -> None:
        """Write a workspace."""
        body = asdict(workspace)
        name = body.pop("name")
        change = Change(work.key, work.reference, name.replace("~", "/"))
        await self._transport.change("PUT", f"/sip_device/workspaces/{name}", change, body)

    async def show_workspace(self, name: str) -> Workspace | None:
        """Read a workspace; see `SipPlatform`."""
        try:
            told = await self._transport.read(f"/sip_device/workspaces/{name}")
        except NotThere:
            return None
        told = {"extension": None, **told}
        return Workspace(name, told["title"], *(told[each] for each in ROOM[1:]))

    async def remove_workspace(self, work: Work, name: str) -> None:
        """Delete a workspace; it may be gone already."""
        await self._remove(work, f"workspaces/{name}")

    async def approved_types(self) -> tuple[DeviceType, ...]:
        """Read the list."""
        found = await self._transport.read("/sip_device/types")
        return tuple(DeviceType(**each) for each in found["types"])

    async def _change(self, work: Work, user_name: str, what: str, body: Json) -> None:
        """Change one thing of a row that has to be there."""
        path = f"/sip_device/subscribers/{user_name}/{what}"
        try:
            await self._transport.change("PUT", path, Change.of(work), body)
        except NotThere as error:
            raise StateChanged("the platform has no such device") from error

    async def _remove(self, work: Work, path: str) -> None:
        """Remove what may be gone already."""
        try:
            await self._transport.change("DELETE", f"/sip_device/{path}", Change.of(work))
        except NotThere:
            return


async def read_types(platform: SipPlatform) -> list[Json]:
    """Return the approved types as doors look at them."""
    return [asdict(each) for each in await platform.approved_types()]


#: What doors look at before they take a device (SD-2).
LISTS = {APPROVED_TYPES: read_types}


def connect(transport: Transport) -> SipPlatform:
    """Return the platform at the other end of a transport."""
    return HttpSipPlatform(transport)


async def read_state(work: Work, platform: SipPlatform) -> str | None:
    """Return the state of a device or workspace that nobody is at work on, and what is otherwise (CO-14, SD-10)."""
    service, facts = work.service, work.service.facts
    if service.state == WORKSPACE:
        return await _read_workspace(work, platform)
    row = await platform.show(service.platform_id or "")
    if row is None:
        raise StateChanged("the platform has no such device")
    unbound = "unregistered" if service.state == "registered" else service.state
    state = "registered" if row.bindings else unbound
    if row.is_blocked != facts.get("is_blocked", False):
        state = f"{state}, {'blocked' if row.is_blocked else 'not blocked'}"
    here = {"mac": facts["mac"], "type": facts["type"], "owners": owners_of(work)}
    device = {"mac": mac_address(row.device.mac), "type": row.device.type}
    return as_found(state, here, {**device, "owners": row.device.owners})


async def _read_workspace(work: Work, platform: SipPlatform) -> str:
    """Return that a workspace is there, and what is otherwise."""
    room = await platform.show_workspace(workspace_name(work, work.service.reference))
    if room is None:
        raise StateChanged("the platform has no such workspace")
    there = {**asdict(room), "name": room.title}
    return as_found(WORKSPACE, work.service.facts, {name: there[name] for name in ROOM})


def _subscriber(told: Json) -> Subscriber:
    """Return the row that an answer tells."""
    device = Device(told["mac"], told["type"], tuple(told["owners"]))
    named = (told["user_name"], told["domain"], told["outbound_proxy"])
    return Subscriber(
        *named, device, told["password_mark"], told["blocked"], tuple(told["bindings"])
    )
