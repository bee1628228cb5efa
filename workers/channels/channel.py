"""What a way out takes and answers: a delivery is accepted, fails for now, is refused for good, or wanted no more."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from schema.store.deliveries import Parcel
from schema.store.remote import Remote


class NotDelivered(Exception):
    """Raised when something was not accepted this time, or nobody knows: it goes out again, not before `after`."""

    def __init__(self, said: str, after: timedelta | None = None) -> None:
        super().__init__(said)
        self.after = after


class RefusedForGood(Exception):
    """Raised when this will never be accepted, whenever it is tried."""


class NotWanted(Exception):
    """Raised when nobody misses it any more: what it would tell of is over."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the other side said as it accepted something, and under which number and in which state it has it."""

    said: str
    remote: Remote | None = None


class Channel(Protocol):
    """A way out."""

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Return once it is accepted; raise `NotDelivered`, `NotWanted` or `RefusedForGood`."""
