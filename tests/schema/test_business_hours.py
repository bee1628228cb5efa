"""Limits in business hours: 4 of them lie between two reminders (SA-5)."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.calendar import CalendarUnknown, WorkCalendar, business_hours, deadline

ITALY = WorkCalendar()
CALENDARS = st.sampled_from(
    [ITALY, WorkCalendar("EG", None, "Africa/Cairo"), WorkCalendar(close=time(12, 30))]
)
STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)


def rome(text: str) -> datetime:
    """Return the moment of a wall clock in Rome."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Rome"))


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-10 10:00", "2026-03-10 14:00", id="within a day"),
        pytest.param("2026-03-10 14:00", "2026-03-10 18:00", id="up to the close"),
        pytest.param("2026-03-10 16:30", "2026-03-11 11:30", id="over a night"),
        pytest.param("2026-03-10 07:00", "2026-03-10 13:00", id="from before it opens"),
        pytest.param("2026-03-10 20:00", "2026-03-11 13:00", id="from after it closes"),
        pytest.param("2026-03-13 17:00", "2026-03-16 12:00", id="over a weekend"),
        pytest.param("2026-03-14 12:00", "2026-03-16 13:00", id="from a Saturday"),
        pytest.param("2026-06-01 17:00", "2026-06-03 12:00", id="over a holiday"),
        pytest.param("2026-06-02 11:00", "2026-06-03 13:00", id="from a holiday"),
        pytest.param("2026-03-27 17:00", "2026-03-30 12:00", id="over daylight saving"),
    ],
)
def test_SA_5_four_business_hours_pass_only_while_business_is_open(
    start: str, expected: str
) -> None:
    assert deadline(rome(start), business_hours(4), ITALY) == rome(expected)


@given(CALENDARS, STARTS, st.integers(1, 60), st.integers(1, 60))
def test_business_hours_add_up(
    calendar: WorkCalendar, start: datetime, one: int, other: int
) -> None:
    first = deadline(start, business_hours(one), calendar)
    both = deadline(start, business_hours(one + other), calendar)
    assert deadline(first, business_hours(other), calendar) == both


def test_business_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(CalendarUnknown, match="opens at 09:00:00 and closes at 08:00:00"):
        WorkCalendar(close=time(8))
