"""The hosted telephone site as the steps see it, and its client over HTTP, shaped after BroadWorks' OCI commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from workers.comparing import as_found
from workers.errors import NotThere, StateChanged
from workers.transport import Change, Transport
from workers.workflow import Work

USERS = "/business_user/users"

Status = Literal["pending", "activated", "failed"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One membership of a user: in which kind of group, in which one, and as what."""

    kind: str
    group: str
    role: str | None = None

    def is_of(self, kind: str, group: str) -> bool:
        """Return whether it is a membership of this group."""
        return (self.kind, self.group) == (kind, group)

    def as_json(self) -> Json:
        """Return it as it is kept and sent."""
        return {"kind": self.kind, "group": self.group, "role": self.role}


@dataclass(frozen=True, slots=True)
class User:
    """How a user stands: his settings by their names, his groups, and which operation reset his account last."""

    status: Status
    settings: Mapping[str, Any]
    groups: tuple[Member, ...]
    reset_by: str | None

    def has(self, settings: Mapping[str, Any]) -> bool:
        """Return whether all of these settings are so."""
        return all(self.settings[name] == value for name, value in settings.items())


@dataclass(frozen=True, slots=True)
class Login:
    """What a desk phone is logged in with, and which operation made it."""

    login: str
    password: str = field(repr=False)
    made_by: str


class UserPlatform(Protocol):
    """What a hosted telephone site can do with its users; each call may raise a `PlatformError`."""

    async def add(self, work: Work, settings: Mapping[str, Any]) -> str:
        """Add a user, who waits to be activated; return his platform id."""

    async def find(self, work: Work) -> str | None:
        """Return the user that this operation added, or None."""

    async def withdraw(self, work: Work, platform_id: str) -> None:
        """Take back a user who was only added; he may be gone already."""

    async def show(self, work: Work) -> User:
        """Return how the user stands; raise `StateChanged` where there is none any more."""

    async def modify(self, work: Work, settings: Mapping[str, Any]) -> None:
        """Change settings of an activated user."""

    async def change_services(self, work: Work, settings: Mapping[str, Any]) -> None:
        """Change services and profile, also of a user who waits to be activated."""

    async def join(self, work: Work, members: Sequence[Member]) -> None:
        """Take the user into all of these groups, or change his roles there."""

    async def leave(self, work: Work, kind: str, group: str) -> None:
        """Take the user out of a group; he need not be in it."""

    async def others(self, work: Work) -> Mapping[str, Sequence[str]]:
        """Return the user names of who else is in each of the user's groups."""

    async def make_login(self, work: Work) -> Login:
        """Make new login details for the desk phone; earlier ones work no more."""

    async def make_password(self, work: Work) -> Login:
        """Make a new password for the desk phone; the earlier one works no more."""

    async def set_password(self, work: Work, password: str) -> Login:
        """Give the desk phone a password; the earlier one works no more."""

    async def show_login(self, work: Work) -> Login | None:
        """Return the login details that this operation made, or None."""

    async def reset(self, work: Work) -> None:
        """Unlock the user's account, and let him in again."""

    async def delete(self, work: Work) -> None:
        """Delete an activated user, who leaves all his groups; he may be gone already."""


class HttpUserPlatform:
    """The site behind its HTTP interface; beside each call stands the OCI command that it is."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def add(self, work: Work, settings: Mapping[str, Any]) -> str:
        """UserAddRequest."""
        made = await self._transport.change("POST", USERS, Change.of(work), dict(settings))
        return str(made["platform_id"])

    async def find(self, work: Work) -> str | None:
        """UserGetListInGroupRequest, by our reference."""
        found = await self._transport.read(USERS, {"reference": work.reference})
        return next((str(each["platform_id"]) for each in found["users"]), None)

    async def withdraw(self, work: Work, platform_id: str) -> None:
        """UserDeleteRequest, of who is not activated yet."""
        try:
            path = f"{USERS}/{platform_id}/withdrawal"
            await self._transport.change("POST", path, Change.of(work))
        except NotThere:
            return

    async def show(self, work: Work) -> User:
        """UserGetRequest."""
        found = await self._read(work, "")
        groups = tuple(Member(**each) for each in found["groups"])
        return User(found["status"], found["settings"], groups, found["reset_by"])

    async def modify(self, work: Work, settings: Mapping[str, Any]) -> None:
        """UserModifyRequest and UserModifyUserIdRequest."""
        await self._change("PUT", work, "settings", settings)

    async def change_services(self, work: Work, settings: Mapping[str, Any]) -> None:
        """UserServiceAssignListRequest, and UserModifyRequest for the profile."""
        await self._change("PUT", work, "services", settings)

    async def join(self, work: Work, members: Sequence[Member]) -> None:
        """GroupHuntGroupModifyInstanceRequest, and the like for the other kinds."""
        body = {"members": [each.as_json() for each in members]}
        await self._change("POST", work, "groups", body)

    async def leave(self, work: Work, kind: str, group: str) -> None:
        """The same, without the user."""
        await self._change("POST", work, "groups/leave", {"kind": kind, "group": group})

    async def others(self, work: Work) -> Mapping[str, Sequence[str]]:
        """GroupHuntGroupGetInstanceRequest, and the like for the other kinds."""
        return dict((await self._read(work, "/groups"))["others"])

    async def make_login(self, work: Work) -> Login:
        """GroupAccessDeviceModifyRequest, with a new name and password of the device."""
        return Login(**await self._change("POST", work, "login", {}))

    async def make_password(self, work: Work) -> Login:
        """GroupAccessDeviceModifyRequest, with a new password."""
        return Login(**await self._change("POST", work, "password", {}))

    async def set_password(self, work: Work, password: str) -> Login:
        """GroupAccessDeviceModifyRequest, with this password."""
        return Login(**await self._change("PUT", work, "password", {"password": password}))

    async def show_login(self, work: Work) -> Login | None:
        """GroupAccessDeviceGetRequest; what another operation made is not ours."""
        found = (await self._read(work, "/login"))["login"]
        return Login(**found) if found and found["made_by"] == work.reference else None

    async def reset(self, work: Work) -> None:
        """UserModifyRequest, without the lock."""
        await self._change("POST", work, "reset", {})

    async def delete(self, work: Work) -> None:
        """UserDeleteRequest."""
        try:
            await self._transport.change("DELETE", _path(work), Change.of(work))
        except NotThere:
            return

    async def _read(self, work: Work, what: str) -> Json:
        """Read something of the user's."""
        try:
            return dict(await self._transport.read(f"{_path(work)}{what}"))
        except NotThere as error:
            raise StateChanged("the platform has no such user") from error

    async def _change(self, method: str, work: Work, what: str, body: Mapping[str, Any]) -> Json:
        """Change one thing about the user."""
        try:
            path = f"{_path(work)}/{what}"
            return dict(await self._transport.change(method, path, Change.of(work), body))
        except NotThere as error:
            raise StateChanged("the platform has no such user") from error


def connect(transport: Transport) -> UserPlatform:
    """Return the platform at the other end of a transport."""
    return HttpUserPlatform(transport)


async def read_state(work: Work, platform: UserPlatform) -> str | None:
    """Return how a user stands whom nobody is at work on, and which settings are others (CO-14)."""
    found, facts = await platform.show(work), work.service.facts
    there = {**found.settings, "groups": [each.as_json() for each in found.groups]}
    return as_found(found.status, facts, there)


def _path(work: Work) -> str:
    """Return the address of the service's user."""
    return f"{USERS}/{work.service.platform_id}"
