"""What became of a command of the day, in one word, and in a few more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.day.conduct import Taken
from deploy.display.words import length, spoken
from producers.intake import CustomerStored
from schema.errors import Refusal
from schema.ids import public_id
from schema.store.order import Accepted, Planned
from schema.views import Operation

#: In the order in which they are told: the word, how it is counted, and its colour.
WORDS: Mapping[str, tuple[str, str]] = {
    "on time": ("done on time", "green"),
    "late": ("done late: each had a ticket, which resolved itself", "yellow"),
    "open": ("late and not done yet: each has a ticket, open until it is done", "bold red"),
    "parked": ("stopped until a person has looked: each has a ticket that says how", "bold red"),
    "failed": ("failed for good, and undone as far as possible", "bold red"),
    "expired": ("not confirmed in time: to be asked for again", "magenta"),
    "cancelled": ("cancelled and undone", "magenta"),
    "already": ("so already: nothing was to be done", "green"),
    "planned": ("only planned (dry run): nothing was done", "dim"),
    "repeated": ("sent again: answered with the first operation, done once", "dim"),
    "refused": ("refused at the door: nothing was stored", "red"),
}


@dataclass(frozen=True, slots=True)
class End:
    """A command's end: a word of `WORDS`, more about it, and its operation if it has one."""

    taken: Taken
    word: str
    more: str
    operation: str | None

    @property
    def command(self) -> str:
        """What was asked for, without the product: `activate`."""
        return str(self._event.get("type", "")).rpartition(".")[2]

    @property
    def subject(self) -> str:
        """On which service."""
        return str(self._event.get("subject", ""))

    @property
    def _event(self) -> Mapping[str, Any]:
        event = self.taken.line.event
        return event if isinstance(event, dict) else {}


def end_of(taken: Taken, operations: Mapping[str, Operation]) -> End | None:
    """Return what became of a command; None for a customer's record."""
    match taken.answer:
        case CustomerStored():
            return None
        case Refusal(reason=reason, faults=faults):
            more = f"{len(faults)} faults" if len(faults) > 1 else spoken(reason)
            return End(taken, "refused", more, None)
        case Planned():
            return End(taken, "planned", "", None)
        case Accepted(operation=key, is_repeat=True):
            return End(taken, "repeated", f"it is {public_id('op', key)}", None)
        case Accepted(operation=key):
            name = public_id("op", key)
            return End(taken, *_became(operations[name]), name)


def _became(operation: Operation) -> tuple[str, str]:
    """Return what became of an operation, and more about it."""
    if operation.ended_at is None:
        is_parked = operation.reason == "parked"
        return ("parked", "needs a person") if is_parked else ("open", operation.reason or "")
    took = length(operation.ended_at - operation.accepted_at)
    match operation.state, operation.outcome:
        case "succeeded", "already":
            became = "already", ""
        case "succeeded", "late":
            became = "late", f"by {length(operation.ended_at - operation.deadline_at)}"
        case "succeeded", _:
            became = "on time", f"in {took}"
        case "failed", _ if operation.reason == "expired":
            became = "expired", f"after {took}"
        case "failed", _:
            # what the platform said stands after what we say about it
            became = "failed", spoken((operation.reason or "").rpartition(": ")[2])
        case _:
            why = f"{spoken(operation.reason)}, " if operation.reason else ""
            became = operation.state, f"{why}after {took}"
    return became
