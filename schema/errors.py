"""What can go wrong on our own side, as one tree.

TurnupError
+-- NotFound          nothing has that name or number
+-- Refused           a door says no; nothing was stored
+-- StoreError
    +-- NotStored     the database did not take a record, and says why
    |   +-- StoreFull it has no room left; the same record may pass later
    |   +-- NotTaken  its writer takes nothing now; the same record may pass later
    +-- WrongDatabase the database is older, newer, missing or of another kind
    +-- Unreachable   the database does not answer
        +-- Unanswered it did not in time; what was asked may be done or not
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TurnupError(Exception):
    """Anything that Turnup itself reports."""


class NotFound(TurnupError):
    """Raised when nothing has the name or number that was asked for."""


class StoreError(TurnupError):
    """Anything that the store reports."""


class NotStored(StoreError):
    """Raised when the database refused a record; nothing of it is stored."""


class StoreFull(NotStored):
    """Raised when the database has no room left; nothing of the record is stored."""


class NotTaken(NotStored):
    """Raised when the writer takes nothing now: too much is waiting already, or it is ending."""


class WrongDatabase(StoreError):
    """Raised at start when the database is not one that this version works on."""


class Unreachable(StoreError):
    """Raised when the database does not answer."""


class Unanswered(Unreachable):
    """Raised when the database did not answer in time: what was asked may be done or not."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in an input, and where: a JSON pointer and what would be right."""

    pointer: str
    detail: str


@dataclass(frozen=True)
class Refusal:
    """Why a command is not taken: a word for programs, a sentence for people (CO-1, CO-2)."""

    reason: str
    status: int
    detail: str
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


class Refused(TurnupError):
    """Raised by a door for a single call that is refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal
