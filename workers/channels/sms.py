"""Notices by short message, into a directory or to an HTTP gateway; its fields are those of SMPP's submit_sm."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

import aiohttp
from standardwebhooks import Webhook

from schema.store.deliveries import Parcel
from workers.channels.channel import NotDelivered, Receipt, RefusedForGood
from workers.channels.directory import write_once
from workers.channels.mime import CAUSE
from workers.channels.signed import pause_of, signed
from workers.channels.wording import Wording

#: What a gateway answers about this one message, whenever it comes; anything else may be better later.
FINAL = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(frozen=True, slots=True)
class Message:
    """A short message: known by its cause, from whom, to which number, what, when."""

    cause: str
    sender: str
    number: str
    text: str
    at: datetime


class Post(Protocol):
    """Where short messages go."""

    async def hand_over(self, message: Message) -> str:
        """Return what was said once it is there; raise `NotDelivered` or `RefusedForGood`."""


@dataclass(frozen=True, slots=True)
class Sms:
    """The channel `sms`: words each notice for its reader, and hands it over."""

    wording: Wording
    post: Post
    sender: str

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Word a notice and hand it over."""
        words = await asyncio.to_thread(self.wording.worded, parcel)
        text = words.short.strip()
        message = Message(parcel.cause, self.sender, parcel.recipient, text, parcel.now)
        return Receipt(await self.post.hand_over(message))


@dataclass(frozen=True, slots=True)
class MessageDirectory:
    """A directory with one file for each message, with headers as a mail has; the same again changes nothing."""

    directory: Path

    async def hand_over(self, message: Message) -> str:
        """Write the file, all of it or nothing."""
        file = EmailMessage(policy=SMTPUTF8)
        file["From"], file["To"] = message.sender, message.number
        file["Date"] = format_datetime(message.at)
        file[CAUSE] = message.cause
        file.set_content(message.text, cte="8bit")  # as it is: a link may be long
        return await write_once(self.directory, message.cause, "sms", file.as_bytes())


@dataclass(frozen=True, slots=True)
class Gateway:
    """An HTTP gateway, told by signed events (Standard Webhooks).

    A message whose answer was lost goes out again with the same `webhook-id` and content: by that id the gateway has to
    know it, for it cannot be asked. Receipts come back to `POST /v1/messages/events`.
    """

    session: aiohttp.ClientSession
    url: str
    seal: Webhook

    async def hand_over(self, message: Message) -> str:
        """Send one event; only a success of HTTP is one."""
        body = _body(message)
        headers = signed(self.seal, message.cause, body)
        headers["Idempotency-Key"] = json.dumps(message.cause)
        try:
            called = self.session.post(self.url, data=body, headers=headers, allow_redirects=False)
            async with called as response:
                await response.release()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotDelivered(f"the gateway does not answer: {type(error).__name__}") from error
        if response.status in FINAL:
            raise RefusedForGood(f"the gateway answers {response.status}")
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise NotDelivered(f"the gateway answers {response.status}", pause_of(response.headers))
        return str(response.status)


def _body(message: Message) -> str:
    """Return what is sent: the same every time."""
    data = {
        "message_id": message.cause,
        "source_addr": message.sender,
        "destination_addr": message.number,
        "short_message": message.text,
        "registered_delivery": 1,
    }
    told = {"type": "message.submitted", "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
