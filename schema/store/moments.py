"""Times at the edge of the store: aware datetimes outside, whole milliseconds inside."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schema.tables import FAR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait from the moment at which it is stored; `until`, if still to come, cuts it short.

    Whatever else happens, it lasts `least`: so long a call whose outcome is unknown may still act.
    """

    length: timedelta
    until: datetime | None = None
    least: timedelta = timedelta()

    def after(self, now: datetime) -> datetime:
        """Return when a pause that begins now is over."""
        over = now + self.length
        if self.until and now < self.until:
            over = min(over, self.until)
        return max(over, now + self.least)


def stored(moment: datetime) -> int:
    """Return the stored form of a moment."""
    return (moment - _EPOCH) // MILLISECOND


def stored_or_far(moment: datetime | None) -> int:
    """Return the stored form of a moment, and `FAR` for never."""
    return FAR if moment is None else stored(moment)


def moment(milliseconds: int) -> datetime:
    """Return the moment that was stored."""
    return _EPOCH + milliseconds * MILLISECOND


def moment_or_none(milliseconds: int | None) -> datetime | None:
    """Return the moment that was stored, and None for null and for `FAR`."""
    return None if milliseconds is None or milliseconds >= FAR else moment(milliseconds)
