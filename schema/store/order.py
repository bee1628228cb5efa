"""What a door hands over to be accepted, and what may become of it."""

from dataclasses import dataclass
from datetime import datetime

from schema.asker import ANYBODY, Asker
from schema.calendar import Limit
from schema.errors import Refusal


@dataclass(frozen=True, slots=True)
class Order:
    """A command that is right in itself: its fields have been checked, its secrets sealed."""

    product: str
    verb: str
    customer: str
    reference: str
    source: str
    event_id: str
    content: str
    actor: str
    data: str
    correlation_id: str | None = None
    not_before: datetime | None = None
    deadline: datetime | Limit | None = None
    is_dry_run: bool = False
    asker: Asker = ANYBODY


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A confirmation code is mailed: to how many Admins, and whether who asks is one of them (CP-5)."""

    admins: int
    is_to_asker: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command was taken: its operation, whether it was known before, and whether a worker can begin now.

    `advice` is what its verb has to say to whoever asked (BU-7).
    """

    operation: int
    product: str
    is_repeat: bool = False
    is_due: bool = False
    code: CodeAsked | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a dry run would have done, in order, until when, and which operations it would have replaced."""

    deadline: datetime
    is_already: bool
    steps: tuple[str, ...] = ()
    replaces: tuple[int, ...] = ()
    advice: str | None = None


Answer = Accepted | Planned | Refusal
