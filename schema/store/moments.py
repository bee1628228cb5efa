"""Times at the edge of the store: aware datetimes outside, whole milliseconds inside."""

from datetime import UTC, datetime, timedelta

from schema.tables import FAR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def stored(moment: datetime) -> int:
    """Return the stored form of a moment."""
    return (moment - _EPOCH) // _MILLISECOND


def stored_or_far(moment: datetime | None) -> int:
    """Return the stored form of a moment, and `FAR` for never."""
    return FAR if moment is None else stored(moment)


def moment(milliseconds: int) -> datetime:
    """Return the moment that was stored."""
    return _EPOCH + milliseconds * _MILLISECOND


def moment_or_none(milliseconds: int | None) -> datetime | None:
    """Return the moment that was stored, and None for null and for `FAR`."""
    return None if milliseconds is None or milliseconds >= FAR else moment(milliseconds)
