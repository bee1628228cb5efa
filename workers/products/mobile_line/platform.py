"""The eSIM server and the network core as the steps see them, and their client over HTTP (SGP.22 ES2+)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from workers.comparing import as_found
from workers.errors import NotThere, Permanent, StateChanged
from workers.transport import Change, Transport
from workers.workflow import Work

ES2 = "/mobile_line/gsma/rsp2/es2plus"

#: What we order at the eSIM server, and how it knows us.
PROFILE_TYPE, REQUESTER = "business-line", "turnup"

#: ES2+ says so for an ICCID that it does not know (SGP.22 5.2.6).
UNKNOWN_ICCID = ("8.2.1", "3.9")

Status = Literal["activation_pending", "online", "offline"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """One order of a profile: which operation made it, and how far it is."""

    iccid: str
    state: str
    ordered_by: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the platform's user view (ML-9)."""

    status: Status
    are_calls_allowed: bool
    profiles: tuple[Profile, ...]
    user: str
    number: str

    def ordered_by(self, work: Work) -> Profile | None:
        """Return the profile that an operation has ordered."""
        return next((each for each in self.profiles if each.ordered_by == work.reference), None)

    def state_of(self, iccid: str | None) -> str | None:
        """Return how far a profile is; None for one that the line has no more."""
        return next((each.state for each in self.profiles if each.iccid == iccid), None)


@dataclass(frozen=True, slots=True)
class Code:
    """An activation code as the eSIM server makes it."""

    address: str
    matching_id: str
    expires_at: datetime


class MobilePlatform(Protocol):
    """What an eSIM server with its network core can do; each call may raise a `PlatformError`."""

    async def create_line(self, work: Work, user: str, number: str) -> str:
        """Make a line without a profile; return its platform id."""

    async def find_line(self, work: Work) -> str | None:
        """Return the line that this operation made, or None."""

    async def remove_line(self, work: Work, platform_id: str) -> None:
        """Remove a line with all its profiles; it may be gone already."""

    async def show(self, work: Work) -> Line:
        """Return how the line is; raise `StateChanged` where there is none any more."""

    async def allow_calls(self, work: Work, *, allowed: bool) -> None:
        """Let business calls through, or stop them."""

    async def order_profile(self, work: Work) -> str:
        """Reserve a profile for the line; return its ICCID."""

    async def make_code(self, work: Work, iccid: str) -> Code:
        """Make the activation code of an ordered profile, which does not work yet."""

    async def show_code(self, work: Work, iccid: str) -> Code | None:
        """Return the activation code of a profile, or None while it has none."""

    async def release(self, work: Work, iccid: str) -> None:
        """Let the code of a profile work."""

    async def cancel(self, work: Work, iccid: str, *, is_used: bool) -> None:
        """Void a profile with its code, also on a phone; one that nobody can have used goes back to the stock."""


class HttpMobilePlatform:
    """The eSIM server and the network core behind their HTTP interfaces."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create_line(self, work: Work, user: str, number: str) -> str:
        """Make a line; see `MobilePlatform`."""
        body = {"user": user, "number": number}
        made = await self._transport.change("POST", "/mobile_line/lines", Change.of(work), body)
        return str(made["platform_id"])

    async def find_line(self, work: Work) -> str | None:
        """Look for what was made under our reference."""
        query = {"reference": work.reference}
        found = await self._transport.read("/mobile_line/lines", query)
        return next((str(each["platform_id"]) for each in found["lines"]), None)

    async def remove_line(self, work: Work, platform_id: str) -> None:
        """Remove a line; it may be gone already."""
        try:
            path = f"/mobile_line/lines/{platform_id}"
            await self._transport.change("DELETE", path, Change.of(work))
        except NotThere:
            return

    async def show(self, work: Work) -> Line:
        """Read the user view."""
        try:
            found = await self._transport.read(f"/mobile_line/lines/{work.service.platform_id}")
        except NotThere as error:
            raise StateChanged("the platform has no such line") from error
        profiles = [Profile(**each) for each in found["profiles"]]
        whose = (found["user"], found["number"])
        return Line(found["status"], found["calls"], tuple(profiles), *whose)

    async def allow_calls(self, work: Work, *, allowed: bool) -> None:
        """Set the switch of business calls."""
        path = f"/mobile_line/lines/{work.service.platform_id}/calls"
        try:
            await self._transport.change("PUT", path, Change.of(work), {"allowed": allowed})
        except NotThere as error:
            raise StateChanged("the platform has no such line") from error

    async def order_profile(self, work: Work) -> str:
        """Call ES2+ DownloadOrder; the line is our vendor's own field."""
        line = {"profileType": PROFILE_TYPE, "lineIdentifier": work.service.platform_id}
        return str((await self._order("downloadOrder", work, line))["iccid"])

    async def make_code(self, work: Work, iccid: str) -> Code:
        """Call ES2+ ConfirmOrder."""
        body = {"iccid": iccid, "releaseFlag": False}
        return _code_of(await self._order("confirmOrder", work, body))

    async def show_code(self, work: Work, iccid: str) -> Code | None:
        """Read the code at our vendor, for ES2+ has no way to."""
        try:
            path = f"/mobile_line/codes/{work.service.platform_id}"
            return _code_of(await self._transport.read(path, {"iccid": iccid}))
        except NotThere:
            return None

    async def release(self, work: Work, iccid: str) -> None:
        """Call ES2+ ReleaseProfile."""
        await self._order("releaseProfile", work, {"iccid": iccid})

    async def cancel(self, work: Work, iccid: str, *, is_used: bool) -> None:
        """Call ES2+ CancelOrder; a profile that is not there any more needs none."""
        final = "Unavailable" if is_used else "Available"
        body = {"iccid": iccid, "finalProfileStatusIndicator": final}
        try:
            await self._order("cancelOrder", work, body)
        except StateChanged:
            return

    async def _order(self, function: str, work: Work, body: Json) -> Json:
        """Call a function of ES2+; a failed execution comes with status 200, and what is gone is `StateChanged`."""
        header = {"functionRequesterIdentifier": REQUESTER, "functionCallIdentifier": work.key}
        told = {"header": header, **body}
        path = f"{ES2}/{function}"
        try:
            answer: Json = await self._transport.change("POST", path, Change.of(work), told)
        except NotThere as error:
            raise StateChanged("the platform has no such line") from error
        status = answer["header"]["functionExecutionStatus"]
        if status["status"].startswith("Executed"):
            return answer
        why = status["statusCodeData"]
        codes = (str(why["subjectCode"]), str(why["reasonCode"]))
        # The message may tell more than anybody should read (CO-4); the codes are the standard's.
        said = f"ES2+ {function} failed with {' / '.join(codes)}"
        raise (StateChanged if codes == UNKNOWN_ICCID else Permanent)(said)


def connect(transport: Transport) -> MobilePlatform:
    """Return the platform at the other end of a transport."""
    return HttpMobilePlatform(transport)


async def read_state(work: Work, platform: MobilePlatform) -> str | None:
    """Return the status of a line that nobody is at work on; calls that somebody stopped are none of them (CO-14)."""
    found = await platform.show(work)
    status = found.status if found.are_calls_allowed else f"{found.status}, calls stopped"
    return as_found(status, work.service.facts, {"user": found.user, "number": found.number})


def _code_of(answer: Json) -> Code:
    """Return the code that an answer tells."""
    expires_at = datetime.fromisoformat(answer["expiresAt"])
    return Code(answer["smdpAddress"], answer["matchingId"], expires_at)
