"""Deadlines: limits on the clock or in business days, and the calendar that counts those."""

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Unit = Literal["s", "m", "h", "d"]

#: Largest first, so that a length is written with the largest unit that it is a multiple of.
UNITS: dict[Unit, timedelta] = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}

#: About ten years, of either kind of day: longer is a slip of the pen, and reaches past LAST_YEAR.
MOST_DAYS = 3660

#: The years in which a limit may start. Lists of holidays end in 2100, and the longest limit of
#: business days takes less than 15 years.
FIRST_YEAR, LAST_YEAR = 1970, 2084

#: The country and region whose days are known without a look into the library, which takes a tenth of a start to load.
HOME = "IT", None

OUT_OF_RANGE = f"must lie after {FIRST_YEAR} and before {LAST_YEAR}"


class LimitMalformed(ValueError):
    """Raised when a limit is no duration such as 15m and no number of business days such as 2bd."""


class CalendarUnknown(ValueError):
    """Raised when no calendar is known for a country, a region of it, or a time zone."""


class MomentRefused(ValueError):
    """Raised for a time without a zone, out of range, or in the wrong order."""


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A limit in elapsed time, which a change to or from daylight saving does not alter."""

    length: timedelta
    #: How it was written (60m, not 1h); two limits of one length are equal all the same.
    unit: Unit | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        whole = not self.length % UNITS[self.unit or "s"]
        if not whole or not timedelta(0) < self.length <= timedelta(days=MOST_DAYS):
            raise LimitMalformed(
                f"a limit is 1 second to {MOST_DAYS} days, in whole units, not {self.length}"
            )

    def __str__(self) -> str:
        fitting = (unit for unit, one in UNITS.items() if not self.length % one)
        unit = next(fitting) if self.unit is None else self.unit
        return f"{self.length // UNITS[unit]}{unit}"


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A limit that ends with the close of business, so many business days after the first day."""

    days: int

    def __post_init__(self) -> None:
        if not 1 <= self.days <= MOST_DAYS:
            raise LimitMalformed(f"a limit is 1 to {MOST_DAYS} business days, not {self.days}")

    def __str__(self) -> str:
        return f"{self.days}bd"


@dataclass(frozen=True, slots=True)
class BusinessHours:
    """A limit in the hours between opening and close of business days (SA-5)."""

    hours: int

    def __post_init__(self) -> None:
        if not 1 <= self.hours <= MOST_DAYS:
            raise LimitMalformed(f"a limit is 1 to {MOST_DAYS} business hours, not {self.hours}")

    def __str__(self) -> str:
        return f"{self.hours}bh"


Limit = ClockTime | BusinessDays | BusinessHours


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When a department works: its country's and region's business days, closing time and zone.

    `country` is an ISO 3166-1 code of two letters, `region` the second part of an ISO 3166-2 code
    (BY of DE-BY). Raises `CalendarUnknown`.
    """

    country: str = "IT"
    region: str | None = None
    time_zone: str = "Europe/Rome"
    close: time = time(18)
    opens: time = time(9)

    def __post_init__(self) -> None:
        _require_known(self.country, self.region)
        _zone(self.time_zone)
        if self.close.tzinfo or self.opens.tzinfo:
            raise CalendarUnknown(
                f"{self.opens} to {self.close} has a zone of its own; it is read in time_zone"
            )
        if self.opens >= self.close:
            raise CalendarUnknown(f"business opens at {self.opens} and closes at {self.close}")


def deadline(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """Return the moment, in UTC, at which `limit` is over for what began at `start` (CP-8).

    With business days the local date of `start` is day 0, whatever its hour, and is not counted;
    business hours count at once, while business is open. Raises `MomentRefused` for a `start` without a zone or out of
    range.
    """
    begun = _in_utc(start)
    if not FIRST_YEAR <= begun.year <= LAST_YEAR:
        raise MomentRefused(f"{begun.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    if isinstance(limit, ClockTime):
        return begun + limit.length
    if isinstance(limit, BusinessHours):
        return _business_hours_after(begun, limit.hours, calendar)
    zone = _zone(calendar.time_zone)
    last = _business_day_after(begun.astimezone(zone).date(), limit.days, calendar)
    return datetime.combine(last, calendar.close, zone).astimezone(UTC)


def is_in_range(moment: datetime) -> bool:
    """Return whether deadlines can be counted from a moment; its zone may push it over the edge."""
    return FIRST_YEAR < moment.year < LAST_YEAR


def local_day(moment: datetime, calendar: WorkCalendar) -> tuple[datetime, datetime]:
    """Return when the calendar's local day of a moment began, and when the next one begins, in UTC."""
    zone = _zone(calendar.time_zone)
    day = _in_utc(moment).astimezone(zone).date()
    starts = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
    begins, ends = (each.astimezone(UTC) for each in starts)
    return begins, ends


def jeopardy(start: datetime, deadline: datetime) -> datetime:
    """Return the moment, in UTC, at which four fifths of the time to `deadline` have gone by."""
    begun, over = _in_utc(start), _in_utc(deadline)
    if over < begun:
        raise MomentRefused(
            f"the deadline {over.isoformat()} is before the start {begun.isoformat()}"
        )
    return begun + (over - begun) * 4 / 5


def parse_limit(text: str, where: str = "limit") -> Limit:
    """Return the limit that `text` says; `where` names its setting or field in the error.

    Raises `LimitMalformed`.
    """
    written = re.fullmatch(r"([1-9][0-9]{0,8})(s|m|h|d|bd|bh)", text)
    if written is None:
        raise LimitMalformed(
            f"{where}: {text!r} is no limit; write for example 30s, 15m, 2h, 90d, 2bd or 4bh"
        )
    try:
        return WRITTEN[written[2]](int(written[1]))
    except LimitMalformed as error:
        raise LimitMalformed(f"{where}: {text!r} is out of range: {error}") from error


def seconds(n: int) -> ClockTime:
    """Return a limit of `n` seconds."""
    return _clock_time(n, "s")


def minutes(n: int) -> ClockTime:
    """Return a limit of `n` minutes."""
    return _clock_time(n, "m")


def hours(n: int) -> ClockTime:
    """Return a limit of `n` hours."""
    return _clock_time(n, "h")


def days(n: int) -> ClockTime:
    """Return a limit of `n` times 24 hours."""
    return _clock_time(n, "d")


def business_days(n: int) -> BusinessDays:
    """Return a limit of `n` business days."""
    return BusinessDays(n)


def business_hours(n: int) -> BusinessHours:
    """Return a limit of `n` business hours."""
    return BusinessHours(n)


def _clock_time(n: int, unit: Unit) -> ClockTime:
    return ClockTime(n * UNITS[unit], unit)


WRITTEN: dict[str, Callable[[int], Limit]] = {
    "s": seconds,
    "m": minutes,
    "h": hours,
    "d": days,
    "bd": business_days,
    "bh": business_hours,
}


def _in_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC: two times of one zone are subtracted by the wall clock otherwise."""
    if moment.utcoffset() is None:
        raise MomentRefused(
            f"{moment.isoformat()} has no time zone; a time is given with its zone or as UTC"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise MomentRefused(
            f"{moment.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}"
        ) from error


def _business_hours_after(begun: datetime, count: int, calendar: WorkCalendar) -> datetime:
    """Return when business has been open for so many hours, the rest of the first day among them."""
    zone, left = _zone(calendar.time_zone), timedelta(hours=count)
    day = _business_day_after(begun.astimezone(zone).date() - timedelta(days=1), 1, calendar)
    while True:
        opens, closes = (
            datetime.combine(day, each, zone).astimezone(UTC)
            for each in (calendar.opens, calendar.close)
        )
        from_here = max(begun, opens)
        if from_here + left <= closes:
            return from_here + left
        left -= max(closes - from_here, timedelta())
        day = _business_day_after(day, 1, calendar)


def _business_day_after(day: date, count: int, calendar: WorkCalendar) -> date:
    from schema.workdays import business_days_of  # noqa: PLC0415  see HOME

    known = business_days_of(calendar.country, calendar.region, day.year)
    index = bisect_right(known, day) + count - 1
    year = day.year
    while index >= len(known):
        index -= len(known)
        year += 1
        known = business_days_of(calendar.country, calendar.region, year)
    return known[index]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise CalendarUnknown(
            f"time zone {name!r} is unknown; write a name such as Europe/Rome"
        ) from error


def _require_known(country: str, region: str | None) -> None:
    if (country, region) == HOME:
        return
    from schema.workdays import regions_of  # noqa: PLC0415  see HOME

    regions = regions_of(country)
    if regions is None:
        raise CalendarUnknown(
            f"country {country!r} is unknown; write a code of two letters such as IT"
        )
    if region is not None and region not in regions:
        raise CalendarUnknown(
            f"region {region!r} of {country} is unknown; known are: {', '.join(regions) or 'none'}"
        )
