"""Signals: what platforms tell by themselves, signed; stored before anybody looks for who waits."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from standardwebhooks import Webhook

from producers.intake import PATIENCE, too_late
from producers.parsing import NotJson, parse_json, write_json
from producers.reading import invalid
from producers.signatures import require_signature
from schema.calendar import OUT_OF_RANGE, is_in_range
from schema.command import faults_of
from schema.errors import Fault, Refusal, Refused
from schema.queue import Offer
from schema.store.signals import StoreSignal
from schema.store.writer import Writer

Body = TypeVar("Body", bound=BaseModel)

Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SignalBody(BaseModel):
    """A signal as a platform sends it; what else it tells is passed over."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="ignore", frozen=True, strict=True)

    id: Text200
    at: AwareDatetime = Field(description="When it happened, by the platform's clock")
    reference: Text200 | None = Field(
        None, description="Ours, as it came with the call: an operation's id and our installation"
    )
    platform_id: Text200 | None = Field(None, description="The platform's id of the service")
    kind: Text200
    facts: dict[str, Any] = Field(default_factory=dict)


class Signals:
    """Takes signals; `secrets` holds each product's as Standard Webhooks write it (`whsec_` and base64)."""

    def __init__(
        self,
        writer: Writer,
        secrets: Mapping[str, str],
        offer: Offer,
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._writer = writer
        self._seals = {product: Webhook(secret) for product, secret in secrets.items()}
        self._offer = offer
        self._patience = patience

    def take(self, product: str, headers: Mapping[str, str], body: bytes) -> None:
        """Store a signal, once, and offer the operation that waits for it.

        Raises `Refused` (401 where the signature is not the product's, 422), `NotStored` or `Unanswered`: only
        then has the platform to send it again. A signal that nobody waits for is a success.
        """
        seal = self._seals.get(product)
        require_signature(seal, headers, body, f"the platform of {product}")
        told = read_body(SignalBody, body)
        if not is_in_range(told.at):
            raise Refused(invalid((Fault("/at", OUT_OF_RANGE),)))
        record = StoreSignal(
            product, told.id, told.kind, told.at, told.reference, told.platform_id, told.facts
        )
        hand_over(self._writer, self._offer, record, self._patience)


def hand_over(writer: Writer, offer: Offer, record: StoreSignal, patience: timedelta) -> None:
    """Store a signal and offer the operation that waits for it; raise `NotStored` or `Unanswered`."""
    try:
        waiting = writer.store(record, patience.total_seconds(), load=1)
    except TimeoutError as error:
        raise too_late() from error
    if waiting is not None:
        offer(record.product, [waiting])


def read_body(kind: type[Body], body: bytes) -> Body:
    """Return what was posted as this kind of body, or raise `Refused` with every fault."""
    try:
        text, faults = write_json(parse_json(body))
        told = kind.model_validate_json(text) if not faults else None
    except NotJson as error:
        raise Refused(Refusal("malformed", 400, f"the body is no JSON: {error}")) from error
    except ValidationError as error:
        raise Refused(invalid(faults_of(error))) from error
    if told is None:
        raise Refused(invalid(faults))
    return told
