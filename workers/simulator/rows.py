"""The rows of the simulator's file, as plain records, and how they are named."""

import hashlib
from dataclasses import dataclass
from typing import Any

#: A JSON object.
Json = dict[str, Any]


@dataclass
class Instance:
    """One named thing that a vendor keeps for a service; `state` is the vendor's own."""

    platform_id: str
    service: str
    #: The reference of the call that created it.
    reference: str
    state: Json
    #: Set by a change that takes it away.
    is_removed: bool = False


@dataclass(frozen=True)
class Cause:
    """The call that something later goes back to."""

    #: Unique and the same in every run: callbacks derive their ids from it.
    id: str
    product: str
    action: str
    service: str
    reference: str
    platform_id: str | None


@dataclass(frozen=True)
class Event:
    """A change that is planned for an instance."""

    due_at: str
    change: str
    arguments: Json
    cause: Cause
    #: Set by the file.
    seq: int = 0


@dataclass(frozen=True)
class Notification:
    """A callback that waits until it is due and answered 2xx."""

    due_at: str
    product: str
    service: str
    #: Those with the same lane are sent one after another, in order.
    lane: str
    body: str
    #: Held back until another one of this service ("": of the product) has overtaken it.
    held_for: str | None = None
    tries: int = 0
    #: Set by the file.
    seq: int = 0


@dataclass(frozen=True)
class Kept:
    """The first answer to an idempotency key, and the hash of what was asked."""

    asked: str
    status: int
    body: Json


@dataclass(frozen=True)
class Rule:
    """A fault on demand: what goes wrong, for whom, how often and until when."""

    product: str
    fault: str
    action: str | None = None
    service: str | None = None
    value: Any = None
    #: How many times it still applies; without: always.
    count: int | None = None
    #: Business time at which it ends.
    until: str | None = None
    #: Set by the file.
    seq: int = 0


@dataclass(frozen=True)
class Part:
    """What a person of a script does for a service; `at` and `due_at` are business time."""

    service: str
    who: str
    does: str
    #: From when on mails and calls count; without either he does it so many seconds after this.
    at: str
    after: float = 0
    #: How many mails are still to come, the last of which he waits for.
    mails: int | None = None
    #: What of the vendor he waits for.
    call: str | None = None
    due_at: str | None = None
    #: The file of the mail that he waited for.
    letter: str | None = None
    done_at: str | None = None
    #: What came of it.
    said: str | None = None
    #: Set by the file.
    seq: int = 0


def digest(*parts: object) -> str:
    """Make a short name that is the same for the same parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:20]
