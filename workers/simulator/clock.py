"""Business time as the vendors see it: the host's, or a value that stands until it is moved."""

from dataclasses import dataclass
from datetime import UTC, datetime

from workers.simulator.store import Store


@dataclass(frozen=True)
class Real:
    """The clock of the host."""


@dataclass(frozen=True)
class Standing:
    """A clock that stands at `start` in a new database; a database that has a time keeps it."""

    start: datetime


class WrongClockError(Exception):
    """The database was made with the other kind of clock."""


class Clock:
    """What time it is for the vendors."""

    def __init__(self, store: Store, kind: Real | Standing) -> None:
        self._store = store
        self.is_standing = isinstance(kind, Standing)
        start = as_text(kind.start) if isinstance(kind, Standing) else None
        if (store.start_clock(start) is not None) is not self.is_standing:
            stored = "real" if self.is_standing else "standing"
            raise WrongClockError(f"this database was made with a {stored} clock")

    def now(self) -> str:
        """Tell the time."""
        return self._store.standing_now() if self.is_standing else as_text(datetime.now(UTC))

    def stand_at(self, moment: str) -> None:
        """Move a standing clock; the caller holds the transaction and knows it is no way back."""
        self._store.set_clock(moment)


def as_text(moment: datetime) -> str:
    """RFC 3339 in UTC, always of the same length, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def as_moment(text: str) -> datetime:
    """Read a moment back."""
    return datetime.fromisoformat(text)
