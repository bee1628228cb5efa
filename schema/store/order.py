"""What a door hands over to be accepted, and what may become of it."""

from dataclasses import dataclass, field
from datetime import datetime

from schema.asker import ANYBODY, Asker
from schema.calendar import Limit
from schema.errors import Refusal
from schema.store.known import Held
from schema.store.moments import stored


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


@dataclass(slots=True)
class Opened:
    """An order that was taken, on its service, with its times in stored form."""

    order: Order
    service: Held
    deadline_at: int
    is_already: bool
    key: int = 0
    accepted_at: int = 0
    jeopardy_at: int = 0
    is_due: bool = False
    is_in_line: bool = False
    takes_hold: bool = False
    #: Whether another order of the same transaction replaces it.
    is_leaving: bool = False

    def starts_at(self, now: int) -> int:
        """Return when its work may begin: at once, or at its `not_before` (CO-13)."""
        return max(now, stored(self.order.not_before)) if self.order.not_before else now


@dataclass(frozen=True, slots=True)
class CodeAsked:
    """A confirmation code is mailed: to how many Admins, and whether who asks is one of them (CP-5)."""

    admins: int
    is_to_asker: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command was taken: its operation, whether it was known before, and whether a worker can begin now.

    `advice` is what its verb has to say to whoever asked (BU-7). `opened` is all that is known of a new operation.
    """

    operation: int
    product: str
    is_repeat: bool = False
    is_due: bool = False
    code: CodeAsked | None = None
    advice: str | None = None
    opened: Opened | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """What a dry run would have done, in order, until when, and which operations it would have replaced."""

    deadline: datetime
    is_already: bool
    steps: tuple[str, ...] = ()
    replaces: tuple[int, ...] = ()
    advice: str | None = None


Answer = Accepted | Planned | Refusal
