"""The queue: its names, its message, and how to put one on it.

A message only says "look now" at some operations of one product. It gives no right, and any message may be lost,
doubled, late or out of order: the truth is in the database.
"""

import re
from collections.abc import Sequence
from typing import Protocol

#: The most operation ids that one message names.
OFFER_SIZE = 100

#: The name of the one actor that takes offers.
ACTOR = "look"

#: What a broker says when it lets nobody in, inside the words of its client.
REFUSED = re.compile(r"\(\d+\) '([A-Z_]+ - [^']*)'")


def queue_name(product: str) -> str:
    """Return the wake-up queue of one product."""
    return f"turnup.wake.{product}"


class Offer(Protocol):
    """Puts the ids of operations that are due on the queue of their product; never raises."""

    def __call__(self, product: str, operations: Sequence[int]) -> None:
        """Offer these operations; what is lost here is found again in the database."""


def said(reason: object) -> str:
    """Return why in one line; the client of RabbitMQ wraps it several times."""
    cause = reason
    while isinstance(cause, BaseException) and cause.args and isinstance(cause.args[0], Exception):
        cause = cause.args[0]
    cause = getattr(cause, "exception", cause)
    if found := REFUSED.search(str(cause)):
        return found[1]
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause).strip().split("\n", 1)[0][:200] or type(cause).__name__
