"""Deadlines in business days and on the clock: the rules CP-3, CP-8, CP-9 and CO-9."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from time import perf_counter
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.calendar import (
    BusinessDays,
    BusinessHours,
    CalendarUnknown,
    ClockTime,
    Limit,
    LimitMalformed,
    MomentRefused,
    WorkCalendar,
    business_days,
    days,
    deadline,
    hours,
    jeopardy,
    minutes,
    parse_limit,
    seconds,
)

ROME = ZoneInfo("Europe/Rome")
ITALY = WorkCalendar()
BAVARIA = WorkCalendar("DE", "BY", "Europe/Berlin")
BERLIN = WorkCalendar("DE", "BE", "Europe/Berlin")
EGYPT = WorkCalendar("EG", None, "Africa/Cairo")

CALENDARS = st.sampled_from(
    [ITALY, BAVARIA, EGYPT, WorkCalendar("US", "CA", "America/Los_Angeles")]
)
STARTS = st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (hypothesis adds the zone)
COUNTS = st.integers(1, 300)


def rome(text: str) -> datetime:
    """Return the moment of a wall clock in Rome."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def due(text: str, count: int = 2, calendar: WorkCalendar = ITALY) -> str:
    """Return the wall clock of the calendar at the end of so many business days."""
    zone = ZoneInfo(calendar.time_zone)
    start = datetime.fromisoformat(text).replace(tzinfo=zone)
    local = deadline(start, business_days(count), calendar).astimezone(zone)
    return f"{local:%a %Y-%m-%d %H:%M}"


def test_CP_9_friday_before_the_republic_day_is_due_on_wednesday() -> None:
    assert due("2026-05-29 10:00") == "Wed 2026-06-03 18:00"


def test_CP_9_saturday_before_the_republic_day_is_due_on_wednesday() -> None:
    assert due("2026-05-30 10:00") == "Wed 2026-06-03 18:00"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-10 10:00", "Thu 2026-03-12 18:00", id="a plain week"),
        pytest.param("2026-03-10 00:00", "Thu 2026-03-12 18:00", id="the first minute of day 0"),
        pytest.param("2026-03-10 23:59", "Thu 2026-03-12 18:00", id="after closing time"),
        pytest.param("2026-03-12 10:00", "Mon 2026-03-16 18:00", id="over a weekend"),
        pytest.param("2026-03-15 10:00", "Tue 2026-03-17 18:00", id="from a Sunday"),
        pytest.param("2026-06-02 10:00", "Thu 2026-06-04 18:00", id="from a holiday"),
        pytest.param("2026-04-02 10:00", "Tue 2026-04-07 18:00", id="over Easter Monday"),
        pytest.param("2026-12-24 10:00", "Tue 2026-12-29 18:00", id="over Christmas"),
        pytest.param("2026-12-30 10:00", "Mon 2027-01-04 18:00", id="over New Year"),
        pytest.param("2026-12-31 10:00", "Tue 2027-01-05 18:00", id="into the new year"),
        pytest.param("2027-01-05 10:00", "Fri 2027-01-08 18:00", id="over Epiphany"),
        pytest.param("2027-10-01 10:00", "Wed 2027-10-06 18:00", id="over Saint Francis (new)"),
    ],
)
def test_CP_8_two_business_days_end_at_the_close_of_the_second(start: str, expected: str) -> None:
    assert due(start) == expected


def test_CP_8_day_0_is_the_local_date_and_not_the_one_in_utc() -> None:
    start = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert deadline(start, business_days(2), ITALY) == rome("2026-03-13 18:00")


def test_CP_8_the_deadline_is_the_same_in_whatever_zone_the_start_is_given() -> None:
    start = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    far = start.astimezone(ZoneInfo("Pacific/Auckland"))
    assert deadline(far, business_days(2), ITALY) == deadline(start, business_days(2), ITALY)


@pytest.mark.parametrize("limit", [business_days(2), minutes(15)])
def test_a_deadline_is_given_in_utc(limit: Limit) -> None:
    assert deadline(rome("2026-03-10 10:00"), limit, ITALY).tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-27 10:00", "2026-03-31 16:00", id="spring"),
        pytest.param("2026-10-22 10:00", "2026-10-26 17:00", id="autumn"),
    ],
)
def test_CP_8_business_ends_at_18_local_time_over_daylight_saving(
    start: str, expected: str
) -> None:
    due_at = deadline(rome(start), business_days(2), ITALY)
    assert due_at == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-29 01:50", "2026-03-29 03:05", id="spring, at the gap"),
        pytest.param(
            "2026-10-25 02:50", "2026-10-25 02:05", id="autumn, into the second 2 o'clock"
        ),
    ],
)
def test_CP_3_fifteen_minutes_are_elapsed_time_over_daylight_saving(
    start: str, expected: str
) -> None:
    due_at = deadline(rome(start), minutes(15), ITALY)
    assert due_at - rome(start).astimezone(UTC) == timedelta(minutes=15)
    assert f"{due_at.astimezone(ROME):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("2026-03-28 10:00", "2026-03-29 11:00", id="spring"),
        pytest.param("2026-10-24 10:00", "2026-10-25 09:00", id="autumn"),
    ],
)
def test_CO_9_a_day_on_the_clock_is_24_hours_over_daylight_saving(
    start: str, expected: str
) -> None:
    assert deadline(rome(start), days(1), ITALY) == rome(expected)


def test_CO_9_a_clock_limit_runs_on_through_nights_and_holidays() -> None:
    assert deadline(rome("2026-06-02 23:50"), minutes(15), ITALY) == rome("2026-06-03 00:05")


def test_CP_8_a_holiday_of_the_region_is_no_business_day() -> None:
    assert due("2026-01-05 10:00", 1, BAVARIA) == "Wed 2026-01-07 18:00"
    assert due("2026-01-05 10:00", 1, BERLIN) == "Tue 2026-01-06 18:00"


def test_CP_8_the_weekend_is_the_one_of_the_country() -> None:
    assert due("2026-05-13 10:00", 2, EGYPT) == "Sun 2026-05-17 18:00"


def test_CP_8_a_saturday_that_is_worked_by_law_is_a_business_day() -> None:
    hungary = WorkCalendar("HU", None, "Europe/Budapest")
    assert due("2026-01-09 10:00", 1, hungary) == "Sat 2026-01-10 18:00"


def test_CP_8_a_holiday_moved_into_the_year_before_is_kept() -> None:
    california = WorkCalendar("US", "CA", "America/Los_Angeles")
    assert due("2021-12-30 10:00", 1, california) == "Mon 2022-01-03 18:00"


def test_CP_8_the_department_closes_when_its_calendar_says() -> None:
    assert due("2026-03-10 10:00", 1, WorkCalendar(close=time(12, 30))) == "Wed 2026-03-11 12:30"


@given(CALENDARS, COUNTS, STARTS, STARTS)
def test_CP_8_who_starts_later_is_never_due_earlier(
    calendar: WorkCalendar, count: int, one: datetime, other: datetime
) -> None:
    first, second = sorted([one, other])
    limit = business_days(count)
    assert deadline(first, limit, calendar) <= deadline(second, limit, calendar)


@given(CALENDARS, COUNTS, STARTS)
def test_CP_8_a_deadline_is_at_the_close_of_a_business_day(
    calendar: WorkCalendar, count: int, start: datetime
) -> None:
    local = deadline(start, business_days(count), calendar).astimezone(ZoneInfo(calendar.time_zone))
    assert local.time() == time(18)
    assert is_business_day(calendar, local.date())


@given(CALENDARS, COUNTS, STARTS)
def test_CP_8_as_many_business_days_are_counted_as_the_limit_says(
    calendar: WorkCalendar, count: int, start: datetime
) -> None:
    zone = ZoneInfo(calendar.time_zone)
    day_0 = start.astimezone(zone).date()
    last = deadline(start, business_days(count), calendar).astimezone(zone).date()
    after = (day_0 + timedelta(n + 1) for n in range((last - day_0).days))
    assert sum(is_business_day(calendar, day) for day in after) == count


@given(CALENDARS, STARTS)
def test_CP_8_every_further_business_day_is_a_later_deadline(
    calendar: WorkCalendar, start: datetime
) -> None:
    found = [deadline(start, business_days(n), calendar) for n in range(1, 30)]
    assert all(earlier < later for earlier, later in pairwise([start, *found]))


@given(CALENDARS, STARTS, st.integers(1, 10**8))
def test_CO_9_a_clock_limit_is_elapsed_time_in_every_zone(
    calendar: WorkCalendar, start: datetime, length: int
) -> None:
    local = start.astimezone(ZoneInfo(calendar.time_zone))
    assert deadline(local, seconds(length), calendar) - start == timedelta(seconds=length)


def test_the_longest_limit_from_the_last_year_ends_while_holidays_are_known() -> None:
    start = datetime(2084, 12, 31, tzinfo=UTC)
    for country in ("IT", "DE", "CN", "EG", "IR", "US"):
        assert deadline(start, business_days(3660), WorkCalendar(country)).year <= 2100


def test_ten_thousand_deadlines_take_less_than_a_second() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    deadline(start, business_days(2), ITALY)
    begun = perf_counter()
    for n in range(10_000):
        deadline(start + timedelta(hours=n), business_days(2), ITALY)
    assert perf_counter() - begun < 1


@pytest.mark.parametrize("limit", [business_days(2), minutes(15)])
def test_a_start_without_a_zone_is_refused(limit: Limit) -> None:
    with pytest.raises(MomentRefused, match="2026-05-29T10:00:00 has no time zone"):
        deadline(datetime(2026, 5, 29, 10), limit, ITALY)  # noqa: DTZ001 (the fault itself)


@pytest.mark.parametrize("start", ["0001-01-01T00:00+14:00", "9999-12-31T23:59Z", "1969-12-31T00Z"])
@pytest.mark.parametrize("limit", [business_days(2), minutes(15)])
def test_CO_13_a_start_beyond_all_calendars_is_refused(start: str, limit: Limit) -> None:
    with pytest.raises(MomentRefused, match="1970 to 2084"):
        deadline(datetime.fromisoformat(start), limit, ITALY)


def test_jeopardy_is_at_four_fifths_of_the_time() -> None:
    start = datetime(2026, 5, 29, 10, tzinfo=UTC)
    assert jeopardy(start, start + timedelta(minutes=15)) == start + timedelta(minutes=12)


def test_jeopardy_counts_elapsed_time_over_daylight_saving() -> None:
    start, due_at = rome("2026-03-28 12:00"), rome("2026-03-29 23:00")
    assert jeopardy(start, due_at) == start.astimezone(UTC) + timedelta(hours=34 * 0.8)


@given(STARTS, st.timedeltas(timedelta(0), timedelta(days=5000)))
def test_jeopardy_is_never_before_the_start_or_after_the_deadline(
    start: datetime, length: timedelta
) -> None:
    assert start <= jeopardy(start, start + length) <= start + length


def test_jeopardy_of_a_deadline_before_its_start_is_refused() -> None:
    start = datetime(2026, 5, 29, 10, tzinfo=UTC)
    with pytest.raises(MomentRefused, match="before the start"):
        jeopardy(start, start - timedelta(seconds=1))


def test_jeopardy_of_a_time_without_a_zone_is_refused() -> None:
    start = datetime(2026, 5, 29, 10, tzinfo=UTC)
    with pytest.raises(MomentRefused, match="no time zone"):
        jeopardy(start, start.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("30s", seconds(30)),
        ("15m", minutes(15)),
        ("60m", hours(1)),
        ("2h", hours(2)),
        ("24h", days(1)),
        ("90d", days(90)),
        ("2bd", business_days(2)),
        ("4bh", BusinessHours(4)),
    ],
)
def test_a_limit_is_read_and_written_back_as_it_was(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit
    assert str(parse_limit(text)) == text


@given(st.integers(1, 3660), st.sampled_from(["s", "m", "h", "d", "bd", "bh"]))
def test_every_limit_gives_its_text_back(number: int, unit: str) -> None:
    assert str(parse_limit(f"{number}{unit}")) == f"{number}{unit}"


def test_a_length_is_written_with_the_largest_unit_that_fits() -> None:
    lengths = [
        timedelta(days=90),
        timedelta(hours=36),
        timedelta(minutes=15),
        timedelta(seconds=61),
    ]
    assert [str(ClockTime(length)) for length in lengths] == ["90d", "36h", "15m", "61s"]


@pytest.mark.parametrize(
    "text",
    ["", "15", "m", "15 m", " 15m", "15m\n", "-1m", "+1m", "1.5h", "1h30m", "1e3s", "015m", "15M"],
)
def test_what_is_no_limit_is_refused_with_what_where_and_what_would_be_right(text: str) -> None:
    with pytest.raises(LimitMalformed) as caught:
        parse_limit(text, "TURNUP_CLOUD_PBX_DELETE_DEADLINE")
    message = str(caught.value)
    assert message.startswith("TURNUP_CLOUD_PBX_DELETE_DEADLINE: ")
    assert repr(text) in message
    assert "15m" in message


@pytest.mark.parametrize(
    "text", ["0s", "0bd", "1w", "2b", "2 bd", "1\N{ARABIC-INDIC DIGIT TWO}bd", "9" * 5000 + "s"]
)
def test_a_number_or_unit_that_does_not_count_is_refused(text: str) -> None:
    with pytest.raises(LimitMalformed, match="is no limit; write for example"):
        parse_limit(text)


@pytest.mark.parametrize("text", ["3661d", "999999999d", "3661bd", "999999999bd", "87841h"])
def test_a_limit_longer_than_ten_years_is_refused(text: str) -> None:
    with pytest.raises(LimitMalformed, match=f"limit: '{text}' is out of range: .* 3660 "):
        parse_limit(text)


@pytest.mark.parametrize("length", [timedelta(0), timedelta(-1), timedelta(milliseconds=1500)])
def test_a_length_that_no_text_could_say_is_refused(length: timedelta) -> None:
    with pytest.raises(LimitMalformed):
        ClockTime(length)


@pytest.mark.parametrize("count", [0, -1])
@pytest.mark.parametrize("kind", [BusinessDays, BusinessHours])
def test_a_limit_of_no_business_time_is_refused(
    kind: type[BusinessDays | BusinessHours], count: int
) -> None:
    with pytest.raises(LimitMalformed):
        kind(count)


@pytest.mark.parametrize("country", ["XX", "it", "Italy", "ITA", "", "HolidayBase"])
def test_an_unknown_country_is_refused(country: str) -> None:
    with pytest.raises(CalendarUnknown, match=f"country '{country}' is unknown.*IT"):
        WorkCalendar(country)


@pytest.mark.parametrize("region", ["ZZ", "", "Bavaria"])
def test_an_unknown_region_is_refused_with_those_that_are_known(region: str) -> None:
    with pytest.raises(CalendarUnknown, match=f"region '{region}' of DE is unknown.*BE, BW, BY"):
        WorkCalendar("DE", region)


@pytest.mark.parametrize("zone", ["Rome", "", "../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(CalendarUnknown, match="is unknown; write a name such as Europe/Rome"):
        WorkCalendar(time_zone=zone)


def test_a_closing_time_with_a_zone_of_its_own_is_refused() -> None:
    with pytest.raises(CalendarUnknown, match="zone of its own"):
        WorkCalendar(close=time(18, tzinfo=UTC))


def is_business_day(calendar: WorkCalendar, day: date) -> bool:
    """Return what the library says when it is asked day by day."""
    known = of_year(calendar.country, calendar.region, day.year)
    return not known.is_weekend(day) and day not in known


@cache
def of_year(country: str, region: str | None, year: int) -> holidays.HolidayBase:
    """Return the holidays of a year."""
    return holidays.country_holidays(country, subdiv=region, years=year)
