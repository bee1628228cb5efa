"""Receipts: what a gateway says of a short message that it has taken, signed; a click moves its service on (SA-4)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from standardwebhooks import Webhook

from producers.intake import PATIENCE, too_late
from producers.parsing import NotJson, parse_json, write_json
from producers.reading import invalid
from producers.signatures import require_signature
from schema.command import faults_of
from schema.desk import Since
from schema.errors import NotFound, Refusal, Refused
from schema.queue import Offer
from schema.store.database import Database
from schema.store.sent import sent_message
from schema.store.signals import StoreSignal
from schema.store.writer import Writer


class ReceiptBody(BaseModel):
    """What a gateway posts to `/v1/messages/events`, signed; what else it tells is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)

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
        told = _read(body)
        with self._database.look() as connection:
            message = sent_message(connection, told.message_id)
        if message is None:
            raise NotFound("there is no such message")
        record = StoreSignal(
            message.product,
            f"receipt:{told.message_id}:{told.state}",
            f"{message.template}_{told.state}",
            told.at,
            message.operation,
            is_ordered=False,
        )
        try:
            waiting = self._writer.store(record, self._patience.total_seconds(), load=1)
        except TimeoutError as error:
            raise too_late() from error
        if waiting is not None:
            self._offer(message.product, [waiting])


def _read(body: bytes) -> ReceiptBody:
    """Return what a receipt says, or raise `Refused` with every fault."""
    try:
        text, faults = write_json(parse_json(body))
        told = ReceiptBody.model_validate_json(text) if not faults else None
    except NotJson as error:
        raise Refused(Refusal("malformed", 400, f"the body is no JSON: {error}")) from error
    except ValidationError as error:
        raise Refused(invalid(faults_of(error))) from error
    if told is None:
        raise Refused(invalid(faults))
    return told
