"""Notices by mail, into a directory or to a mail server; secrets are opened here, and nowhere before (CO-4)."""

import asyncio
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from schema.ids import public_id
from schema.masking import masked
from schema.sealing import Sealer
from schema.store.deliveries import Parcel
from workers.channels.channel import NotDelivered, NotWanted, Receipt, RefusedForGood
from workers.channels.mime import CAUSE, Envelope, fingerprint, mail_of
from workers.notices import CONFIRMATION_CODE, NoticeText, Worded, worded

#: SMTP's replies from here on are final: the same is refused whenever it comes.
FINAL = 500

#: What a file's name may have in it, and how much of a cause.
UNSAFE, LONGEST = re.compile(r"[^A-Za-z0-9.@+_-]+"), 150


class Post(Protocol):
    """Where mails go."""

    async def hand_over(self, mail: EmailMessage) -> str:
        """Return what was said once it is there; raise `NotDelivered` or `RefusedForGood`."""


class Mail:
    """The channel `mail`: words each notice for its reader, and hands it over."""

    def __init__(
        self,
        notices: Mapping[str, Mapping[str, NoticeText]],
        sealer: Sealer,
        post: Post,
        sender: str,
    ) -> None:
        self._notices = notices
        self._sealer = sealer
        self._post = post
        self._sender = sender

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Word a notice and hand it over."""
        at = (parcel.recipient, parcel.language, parcel.now)
        envelope = Envelope(parcel.cause, self._sender, *at)
        words = await asyncio.to_thread(self._worded, parcel)
        try:
            mail = mail_of(envelope, words)
        except ValueError as error:
            raise RefusedForGood("the address is none that mail can go to") from error
        return Receipt(await self._post.hand_over(mail))

    def _worded(self, parcel: Parcel) -> Worded:
        """Return what a notice says; a product or template of a newer version waits for that (I11)."""
        notice = self._notices.get(parcel.product, {}).get(parcel.template)
        if notice is None:
            raise NotDelivered(f"this version has no notice {parcel.product}.{parcel.template}")
        named = {
            "customer": parcel.customer,
            "reference": parcel.reference,
            "service": f"{parcel.customer}/{parcel.reference}",
            "operation": public_id("op", parcel.operation),
        }
        given = {**named, **parcel.facts, **self._opened(parcel, notice)}
        return worded(notice, parcel.language, given)

    def _opened(self, parcel: Parcel, notice: NoticeText) -> dict[str, str]:
        """Return what the placeholders stand for that nobody else may see."""
        opened = {}
        for name in notice.opens:
            if name == CONFIRMATION_CODE and parcel.is_over:
                raise NotWanted("the operation has ended, and its code with it")
            if name == CONFIRMATION_CODE:
                code = self._sealer.confirmation_code(parcel.operation, parcel.cycle)
                opened[name] = code
            elif sealed := parcel.secrets.get(name):
                opened[name] = self._sealer.unseal(sealed.text, sealed.context)
            else:
                raise NotWanted(f"the service has no valid {name} any more")
        return opened


class MailDirectory:
    """A directory with one file for each cause; the same again changes nothing."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def hand_over(self, mail: EmailMessage) -> str:
        """Write the file, all of it or nothing."""
        try:
            return await asyncio.to_thread(self._write, mail)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            raise NotDelivered(f"the mail directory cannot be written: {why}") from error

    def _write(self, mail: EmailMessage) -> str:
        """Write beside, then move: nobody reads half a mail."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        cause = str(mail[CAUSE])
        path = self._directory / file_name(cause)
        if path.exists():
            return f"{path.name} was there"
        beside = path.with_name(f".{fingerprint(cause)}.{os.getpid()}")
        with suppress(FileNotFoundError):
            beside.unlink()
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(mail.as_bytes())
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return path.name


def file_name(cause: str) -> str:
    """Return the name of a cause's file: readable, and never the same for two."""
    return f"{UNSAFE.sub('-', cause)[:LONGEST]}.{fingerprint(cause)[:8]}.eml"


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
