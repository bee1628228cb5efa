"""Notices by mail, into a directory or to a mail server."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from schema.masking import masked
from schema.store.deliveries import Parcel
from workers.channels.channel import NotDelivered, Receipt, RefusedForGood
from workers.channels.directory import write_once
from workers.channels.mime import CAUSE, Envelope, mail_of
from workers.channels.wording import Wording

#: SMTP's replies from here on are final: the same is refused whenever it comes.
FINAL = 500


class Post(Protocol):
    """Where mails go."""

    async def hand_over(self, mail: EmailMessage) -> str:
        """Return what was said once it is there; raise `NotDelivered` or `RefusedForGood`."""


class Mail:
    """The channel `mail`: words each notice for its reader, and hands it over."""

    def __init__(self, wording: Wording, post: Post, sender: str) -> None:
        self._wording = wording
        self._post = post
        self._sender = sender

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Word a notice and hand it over."""
        at = (parcel.recipient, parcel.language, parcel.now)
        envelope = Envelope(parcel.cause, self._sender, *at)
        words = await asyncio.to_thread(self._wording.worded, parcel)
        try:
            mail = mail_of(envelope, words)
        except ValueError as error:
            raise RefusedForGood("the address is none that mail can go to") from error
        return Receipt(await self._post.hand_over(mail))


@dataclass(frozen=True, slots=True)
class MailDirectory:
    """A directory with one mail for each cause; the same again changes nothing."""

    directory: Path

    async def hand_over(self, mail: EmailMessage) -> str:
        """Write the file, all of it or nothing."""
        return await write_once(self.directory, str(mail[CAUSE]), "eml", mail.as_bytes())


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: `smtps://` encrypts from the start, `smtp://` when the server offers it.

    A password goes out in clear to no other machine. After an unknown outcome the same mail goes out again, with the
    same Message-ID: a mail server cannot be asked.
    """

    url: str
    timeout: timedelta

    async def hand_over(self, mail: EmailMessage) -> str:
        """Send a mail to its one address."""
        try:
            _, said = await aiosmtplib.send(mail, **self._options())
        except aiosmtplib.SMTPRecipientsRefused as error:
            told = error.recipients[0]
            raise _failure(told.code, told.message) from error
        except aiosmtplib.SMTPDataError as error:
            raise _failure(error.code, error.message) from error
        except aiosmtplib.SMTPNotSupported as error:
            raise RefusedForGood(_line(str(error))) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            kind = type(error).__name__.removeprefix("SMTP")
            raise NotDelivered(_line(f"{kind}: {error}")) from error
        return _line(said)

    def _options(self) -> dict[str, Any]:
        """Return how to reach the server."""
        parts = urlsplit(self.url)
        host, port, is_safe = server_of(self.url)
        has_password = bool(parts.username)
        is_here = host in {"localhost", "127.0.0.1", "::1"}
        return {
            "hostname": host,
            "port": port,
            "username": unquote(parts.username or "") or None,
            "password": unquote(parts.password or "") or None,
            "use_tls": is_safe,
            "start_tls": True if has_password and not is_safe and not is_here else None,
            "timeout": self.timeout.total_seconds(),
        }


def server_of(url: str) -> tuple[str, int, bool]:
    """Return a mail server's host and port, and whether it encrypts from the start."""
    parts = urlsplit(url)
    is_safe = parts.scheme == "smtps"
    return parts.hostname or "", parts.port or (465 if is_safe else 25), is_safe


def _failure(code: int, said: str) -> NotDelivered | RefusedForGood:
    """Return what a reply about this one mail means."""
    told = _line(f"{code} {said}")
    return RefusedForGood(told) if code >= FINAL else NotDelivered(told)


def _line(said: str) -> str:
    """Return what a server said, short, on one line, without the address and what no database stores."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in " ".join(said.split()))
    return masked(shown)[:200]
