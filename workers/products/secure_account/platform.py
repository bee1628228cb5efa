"""The account server as the steps see it, and its client over HTTP; messages go out by our own channels (SA-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from schema.products.secure_account.commands import SETTINGS
from workers.comparing import as_found
from workers.errors import NotThere, StateChanged
from workers.transport import Change, Transport
from workers.workflow import Work

ACCOUNTS = "/secure_account/accounts"

Json = dict[str, Any]
Kind = Literal["installation", "activation"]


@dataclass(frozen=True, slots=True)
class Account:
    """An account on the server: whether it was ever activated and may call, its settings, and its status (SA-4)."""

    platform_id: str
    is_activated: bool
    are_calls_allowed: bool
    settings: Mapping[str, Any]
    status: Mapping[str, Any]

    @property
    def state(self) -> str:
        """The state that the service is in."""
        if not self.is_activated and self.are_calls_allowed:
            return "never_activated"
        return "enabled" if self.are_calls_allowed else "by_operator"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that the server made: what it is called there, what it says, and since when it works."""

    number: int
    text: str = field(repr=False)
    made_at: datetime


class AccountPlatform(Protocol):
    """What an account server can do; each call may raise a `PlatformError`."""

    async def create(self, work: Work, account: Mapping[str, Any]) -> Account:
        """Make an account from its settings, type and user name; `is_automatic` says how it is configured."""

    async def find_created(self, work: Work) -> Account | None:
        """Return the account that this operation made, or None."""

    async def remove(self, work: Work, platform_id: str) -> None:
        """Remove an account for good; it may be gone already."""

    async def show(self, work: Work) -> Account:
        """Return how the account is; raise `StateChanged` where there is none any more."""

    async def change(self, work: Work, settings: Mapping[str, Any]) -> Account:
        """Change settings; None takes one away."""

    async def allow_calls(self, work: Work, *, allowed: bool) -> Account:
        """Let the user call and be called, or play an audio message to him instead."""

    async def make_link(self, work: Work, kind: Kind) -> Link:
        """Make a link for the user; a newer one of its kind replaces every earlier one."""

    async def find_link(self, work: Work, kind: Kind) -> Link | None:
        """Return the link of a kind that this operation made, or None."""

    async def void_link(self, work: Work, link: Link) -> None:
        """Take a link back; the one before it works again."""

    async def revoke_keys(self, work: Work) -> None:
        """Revoke the key pair of end-to-end secure messages."""


class HttpAccountPlatform:
    """The account server behind its HTTP interface."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, work: Work, account: Mapping[str, Any]) -> Account:
        """Make an account; see `AccountPlatform`."""
        made = await self._transport.change("POST", ACCOUNTS, Change.of(work), account)
        return _account(made)

    async def find_created(self, work: Work) -> Account | None:
        """Look for what was made under our reference."""
        found = await self._transport.read(ACCOUNTS, {"reference": work.reference})
        return next((_account(each) for each in found["accounts"]), None)

    async def remove(self, work: Work, platform_id: str) -> None:
        """Remove an account; it may be gone already."""
        try:
            await self._transport.change("DELETE", f"{ACCOUNTS}/{platform_id}", Change.of(work))
        except NotThere:
            return

    async def show(self, work: Work) -> Account:
        """Read the account's details."""
        try:
            return _account(await self._transport.read(_path(work)))
        except NotThere as error:
            raise _gone() from error

    async def change(self, work: Work, settings: Mapping[str, Any]) -> Account:
        """Set what is given, and leave the rest."""
        return _account(await self._on_account("PUT", work, "/settings", settings))

    async def allow_calls(self, work: Work, *, allowed: bool) -> Account:
        """Set the switch of calls."""
        return _account(await self._on_account("PUT", work, "/calls", {"allowed": allowed}))

    async def make_link(self, work: Work, kind: Kind) -> Link:
        """Ask for a link."""
        return _link(await self._on_account("POST", work, "/links", {"kind": kind}))

    async def find_link(self, work: Work, kind: Kind) -> Link | None:
        """Look for a link that was made under our reference."""
        query = {"kind": kind, "reference": work.reference}
        try:
            found = await self._transport.read(f"{_path(work)}/links", query)
        except NotThere as error:
            raise _gone() from error
        return next((_link(each) for each in found["links"]), None)

    async def void_link(self, work: Work, link: Link) -> None:
        """Take a link back by its number."""
        await self._on_account("DELETE", work, f"/links/{link.number}")

    async def revoke_keys(self, work: Work) -> None:
        """Take the keys away."""
        await self._on_account("DELETE", work, "/keys")

    async def _on_account(
        self, method: str, work: Work, path: str, body: Mapping[str, Any] | None = None
    ) -> Json:
        """Change something about the account; one that is gone is `StateChanged`."""
        try:
            answer: Json = await self._transport.change(
                method, f"{_path(work)}{path}", Change.of(work), body
            )
        except NotThere as error:
            raise _gone() from error
        return answer


def connect(transport: Transport) -> AccountPlatform:
    """Return the platform at the other end of a transport."""
    return HttpAccountPlatform(transport)


async def read_state(work: Work, platform: AccountPlatform) -> str | None:
    """Return the state of an account that nobody is at work on, and which settings are others (CO-14)."""
    found, facts = await platform.show(work), work.service.facts
    return as_found(found.state, facts, {name: found.settings.get(name) for name in SETTINGS})


def _path(work: Work) -> str:
    """Return where the account is."""
    return f"{ACCOUNTS}/{work.service.platform_id}"


def _gone() -> StateChanged:
    """Return the error of an account that the server has no more."""
    return StateChanged("the platform has no such account")


def _account(told: Json) -> Account:
    """Return an account as it is told."""
    is_activated, calls = bool(told["activated"]), bool(told["calls"])
    return Account(told["platform_id"], is_activated, calls, told["settings"], told["status"])


def _link(told: Json) -> Link:
    """Return a link as it is told."""
    return Link(told["number"], told["link"], datetime.fromisoformat(told["made_at"]))
