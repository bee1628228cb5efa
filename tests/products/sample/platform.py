"""The lines' platform as the sample's steps see it."""

from dataclasses import dataclass
from typing import Any

from workers.errors import NotThere, StateChanged
from workers.transport import Change, Transport
from workers.workflow import Work

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LinePlatform:
    """Talks to the machine on which the lines are."""

    transport: Transport

    async def reserve(self, work: Work, body: Json) -> Json:
        """Reserve a place for a line, and return what it is called."""
        made = await self.transport.change("POST", "/sample/lines", Change.of(work), body)
        return _known_of(made)

    async def find_reserved(self, work: Work) -> Json | None:
        """Return the place that this operation has reserved, if any."""
        found = await self.transport.read("/sample/lines", {"reference": work.reference})
        return next((_known_of(each) for each in found["lines"]), None)

    async def show(self, work: Work) -> Json:
        """Return how the line is."""
        try:
            return dict(await self.transport.read(_path(work)))
        except NotThere as error:
            raise StateChanged("the platform has no such line") from error

    async def change(self, work: Work, what: str, body: Json) -> None:
        """Change one thing about the line."""
        try:
            await self.transport.change("PUT", f"{_path(work)}/{what}", Change.of(work), body)
        except NotThere as error:
            raise StateChanged("the platform has no such line") from error

    async def remove(self, work: Work, platform_id: str) -> None:
        """Remove a line; it may be gone already."""
        try:
            await self.transport.change("DELETE", f"/sample/lines/{platform_id}", Change.of(work))
        except NotThere:
            return


def connect(transport: Transport) -> LinePlatform:
    """Return the platform at the other end of a transport."""
    return LinePlatform(transport)


def _path(work: Work) -> str:
    """Return the address of the service's line."""
    return f"/sample/lines/{work.service.platform_id}"


def _known_of(answer: Json) -> Json:
    """Return what opening learns of a line."""
    return {"platform_id": answer["platform_id"], "line_id": answer["platform_id"]}
