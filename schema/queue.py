"""The queue: its names, its message, and how to put one on it.

A message only says "look now" at some operations of one product. It gives no right, and any message may be lost,
doubled, late or out of order: the truth is in the database.
"""

from collections.abc import Sequence
from typing import Protocol

#: The most operation ids that one message names.
OFFER_SIZE = 100

#: The name of the one actor that takes offers.
ACTOR = "look"


def queue_name(product: str) -> str:
    """Return the wake-up queue of one product."""
    return f"turnup.wake.{product}"


class Offer(Protocol):
    """Puts the ids of operations that are due on the queue of their product; never raises."""

    def __call__(self, product: str, operations: Sequence[int]) -> None:
        """Offer these operations; what is lost here is found again in the database."""
