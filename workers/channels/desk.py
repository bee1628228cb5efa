"""The webhook desk: another system's tickets, told about ours by signed events (Standard Webhooks).

An event whose answer was lost goes out again with the same `webhook-id` and the same content. A desk that does not keep
these ids, and died between acting and answering, opens the same reference twice: it cannot be asked.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

import aiohttp
from pydantic import ValidationError
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from schema.desk import DeskAnswer, Links
from schema.store.deliveries import Parcel
from schema.store.remote import Remote
from workers.channels.channel import NotDelivered, Receipt
from workers.channels.signed import pause_of, signed

#: So much of an answer is read.
MOST_BYTES = 65_536


class Desk:
    """The channel `desk`; `door` is where our own door is reached from outside."""

    def __init__(self, session: aiohttp.ClientSession, url: str, secret: str, door: str) -> None:
        self._session = session
        self._url = url
        self._seal = Webhook(secret)
        self._door = door

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Send one event; only a success of HTTP is one."""
        body = self._body(parcel)
        try:
            headers = signed(self._seal, parcel.cause, body)
            called = self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            )
            async with called as response:
                answer = await response.content.read(MOST_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotDelivered(f"the desk does not answer: {type(error).__name__}") from error
        if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
            raise NotDelivered(f"the desk answers {response.status}", pause_of(response.headers))
        return Receipt(str(response.status), self._remote(parcel, response.headers, answer))

    def _body(self, parcel: Parcel) -> str:
        """Return what is sent: the same every time."""
        links = self._links(parcel.facts["data"]["operation"]).model_dump()
        event = {**parcel.facts, "links": links}
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))

    def _links(self, operation: str) -> Links:
        """Return where an operation is looked at and continued."""
        place = f"{self._door}/v1/operations/{operation}"
        return Links(
            operation=place,
            history=f"{place}/history",
            retry=f"{place}/retry",
            cancel=f"{place}/cancel",
        )

    def _remote(self, parcel: Parcel, headers: Mapping[str, str], body: bytes) -> Remote | None:
        """Return the desk's own number and state, where it has signed them as the answer to this very event."""
        if not body or headers.get("webhook-id") != parcel.cause:
            return None
        try:
            self._seal.verify(body, dict(headers), json_parse=False)
            told = DeskAnswer.model_validate_json(body)
        except (WebhookVerificationError, ValidationError, ValueError):
            return None
        return Remote(told.number, told.state, told.url, told.at)
