"""The PBX cluster as the steps see it, and its client over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from workers.errors import NotThere, StateChanged
from workers.transport import Change, Transport
from workers.workflow import Work

Power = Literal["off", "starting", "on", "stopping"]

#: What power and access are in the states in which nobody is at work on it.
STATES = {("on", "allowed"): "active", ("off", "refused"): "deactivated"}


@dataclass(frozen=True, slots=True)
class Instances:
    """What the cluster says of one telephone system's instances."""

    power: Power
    is_access_allowed: bool
    registered_extensions: int
    has_data: bool
    is_erasing: bool
    work_order: str | None


class PbxPlatform(Protocol):
    """What a cluster of telephone systems can do; each call may raise a `PlatformError`."""

    async def create(self, work: Work, body: dict[str, Any]) -> dict[str, Any]:
        """Make the instances, switched off; return platform_id, portal_url and sip_domain."""

    async def find_created(self, work: Work) -> dict[str, Any] | None:
        """Return what `create` made for this operation, as it returned it, or None."""

    async def remove(self, work: Work, platform_id: str) -> None:
        """Remove the instances with all they hold."""

    async def show(self, work: Work) -> Instances:
        """Return how the instances are; raise `StateChanged` where there are none any more."""

    async def switch(self, work: Work, *, on: bool) -> None:
        """Begin to switch the instances on or off, which takes minutes and is told by a signal."""

    async def allow_access(self, work: Work, *, allowed: bool) -> None:
        """Allow or refuse access to the telephone system."""

    async def deregister(self, work: Work) -> None:
        """Deregister every extension; none is deleted."""

    async def open_work_order(self, work: Work) -> str:
        """Tell the Delivery department to take the service out of operation; return its order's name."""

    async def erase(self, work: Work, keep: Sequence[str]) -> None:
        """Begin to erase all data but what is to be kept, which takes hours and is told by a signal."""


class HttpPbxPlatform:
    """The cluster behind its HTTP interface."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, work: Work, body: dict[str, Any]) -> dict[str, Any]:
        """Make the instances; see `PbxPlatform`."""
        made = await self._transport.change("POST", "/cloud_pbx/instances", Change.of(work), body)
        return _known_of(made)

    async def find_created(self, work: Work) -> dict[str, Any] | None:
        """Look for what was made under our reference."""
        query = {"reference": work.reference}
        found = await self._transport.read("/cloud_pbx/instances", query)
        return next((_known_of(each) for each in found["instances"]), None)

    async def remove(self, work: Work, platform_id: str) -> None:
        """Remove the instances; they may be gone already."""
        try:
            path = f"/cloud_pbx/instances/{platform_id}"
            await self._transport.change("DELETE", path, Change.of(work))
        except NotThere:
            return

    async def show(self, work: Work) -> Instances:
        """Ask for the instances' state."""
        try:
            found = await self._transport.read(_path(work))
        except NotThere as error:
            raise StateChanged("the platform has no such instances") from error
        return Instances(
            power=found["state"],
            is_access_allowed=found["access"],
            registered_extensions=found["registered_extensions"],
            has_data=found["data"],
            is_erasing=found["erasing"],
            work_order=found["work_order"],
        )

    async def switch(self, work: Work, *, on: bool) -> None:
        """Set the power."""
        await self._change("PUT", work, "power", {"on": on})

    async def allow_access(self, work: Work, *, allowed: bool) -> None:
        """Set the access."""
        await self._change("PUT", work, "access", {"allowed": allowed})

    async def deregister(self, work: Work) -> None:
        """Drop every binding."""
        await self._change("POST", work, "deregister", None)

    async def open_work_order(self, work: Work) -> str:
        """Open the order."""
        return str((await self._change("POST", work, "work-order", {}))["work_order"])

    async def erase(self, work: Work, keep: Sequence[str]) -> None:
        """Begin to erase."""
        await self._change("POST", work, "erase", {"keep": list(keep)})

    async def _change(
        self, method: str, work: Work, what: str, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        """Change one thing about the instances."""
        try:
            path = f"{_path(work)}/{what}"
            return dict(await self._transport.change(method, path, Change.of(work), body))
        except NotThere as error:
            raise StateChanged("the platform has no such instances") from error


def connect(transport: Transport) -> PbxPlatform:
    """Return the platform at the other end of a transport."""
    return HttpPbxPlatform(transport)


async def read_state(work: Work, platform: PbxPlatform) -> str | None:
    """Return the state of a telephone system that nobody is at work on, or what it is where that is none (CO-14)."""
    found = await platform.show(work)
    if found.power in {"starting", "stopping"}:
        return None
    access = "allowed" if found.is_access_allowed else "refused"
    return STATES.get((found.power, access)) or f"{found.power}, access {access}"


def _path(work: Work) -> str:
    """Return the address of the service's instances."""
    return f"/cloud_pbx/instances/{work.service.platform_id}"


def _known_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what an activation learns of the instances (CP-2: access data)."""
    return {name: answer[name] for name in ("platform_id", "portal_url", "sip_domain")}
