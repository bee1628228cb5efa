"""Receipts: what a gateway says of a short message that it has taken, signed; a click moves its service on (SA-4)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from standardwebhooks import Webhook

from producers.intake import PATIENCE
from producers.signals import hand_over, read_body
from producers.signatures import require_signature
from schema.desk import Since
from schema.errors import NotFound
from schema.queue import Offer
from schema.store.database import Database
from schema.store.sent import sent_message
from schema.store.signals import StoreSignal
from schema.store.writer import Writer


class ReceiptBody(BaseModel):
    """What a gateway posts to `/v1/messages/events`, signed; what else it tells is passed over."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True)

    message_id: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="Ours, as it came with the message"
    )
    state: Literal["delivered", "clicked"]
    at: Since = Field(description="When it happened, by the gateway's clock")


class Receipts:
    """Takes receipts; `secret` is the one that signs both ways."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        secret: str,
        offer: Offer,
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._database = database
        self._writer = writer
        self._seal = Webhook(secret)
        self._offer = offer
        self._patience = patience

    def take(self, headers: Mapping[str, str], body: bytes) -> None:
        """Store a receipt once, as a signal such as `installation_clicked`, and offer the operation that waits for it.

        Raises `Refused` (401, 422), `NotFound` where the message is none of ours, `NotStored` or `Unanswered`.
        """
        require_signature(self._seal, headers, body, "the gateway of messages")
        told = read_body(ReceiptBody, body)
        with self._database.look() as connection:
            message = sent_message(connection, told.message_id)
        if message is None:
            raise NotFound("there is no such message")
        what = f"{message.template}_{told.state}"
        record = StoreSignal(
            message.product,
            f"receipt:{told.message_id}:{told.state}",
            f"outdated_{what}" if message.is_outdated else what,
            told.at,
            message.operation,
            is_ordered=False,
        )
        hand_over(self._writer, self._offer, record, self._patience)
