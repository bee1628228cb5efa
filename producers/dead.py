"""What came by AMQP and could not be accepted, as doors see it that speak no AMQP themselves."""

from typing import Protocol

from schema.errors import TurnupError
from schema.views import DeadLetter, DeadLetterShown


class BrokerAway(TurnupError):
    """Raised when the broker does not answer; says why."""


class DeadLetters(Protocol):
    """Looks at them, sends them again, or drops them; each raises `BrokerAway`, all but the first `NotFound`."""

    def list(self) -> "list[DeadLetter]":
        """Return what is there, oldest first."""

    def show(self, identity: str) -> DeadLetterShown:
        """Return one with its body."""

    def requeue(self, identity: str) -> DeadLetterShown:
        """Send one to the commands again."""

    def drop(self, identity: str) -> DeadLetterShown:
        """Drop one for good."""
