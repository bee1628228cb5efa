"""An operation as its worker gets it: all that is stored about it, in one reading."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from schema.customer import Customer

#: Fields that are columns, as they are stored; as moments; and as the claim itself has counted them.
AS_STORED = (
    "id", "product", "verb", "state", "step", "undoing", "attempt", "cycle", "cancel", "cancel_reason",
    "reason", "told", "past_return", "restored",
    "installation", "actor", "correlation_id", "data", "customer", "reference", "service_id", "service_facts",
    "platform_id", "has_beside",
)  # fmt: skip
AS_MOMENTS = ("accepted_at", "starts_at", "deadline_at")
AS_COUNTED = ("owner", "epoch", "turn", "tries", "before")

#: Whether an operation that begins may still do so; None for one that has begun before. Where its product fails to
#: answer what it is asked about either, nobody knows: a person has to look.
Begins = Literal["yes", "already", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class StoredSignal:
    """Something a platform told about this operation."""

    kind: str
    at: datetime
    facts: str


class Claimed(NamedTuple):
    """An operation that this worker owns now: its row, its command, its service, and what its steps learned."""

    id: int
    owner: int
    epoch: int
    turn: int
    product: str
    verb: str
    state: str
    begins: Begins | None
    step: str | None
    undoing: str | None
    before: str
    tries: int
    attempt: int
    cycle: int
    signals_seen: int
    cancel: str | None
    cancel_reason: str | None
    reason: str | None
    told: int
    past_return: bool
    restored: bool
    now: datetime
    accepted_at: datetime
    starts_at: datetime
    deadline_at: datetime
    installation: str
    actor: str
    correlation_id: str | None
    data: str
    customer: str
    reference: str
    service_id: int
    service_state: str
    service_facts: str
    platform_id: str | None
    has_beside: bool
    customer_record: Customer
    secrets: Mapping[str, str]
    mailed: Mapping[str, datetime]
    facts: Mapping[str, str]
    signals: tuple[StoredSignal, ...]
