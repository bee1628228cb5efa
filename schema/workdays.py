"""What the library of holidays knows: countries, their regions and their business days."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import holidays


def regions_of(country: str) -> Sequence[str] | None:
    """Return the regions of a country, None where it is unknown."""
    return holidays.list_supported_countries(include_aliases=False).get(country)


@lru_cache(maxsize=4096)
def business_days_of(country: str, region: str | None, year: int) -> tuple[date, ...]:
    """Return the business days of `year`, in order.

    The library fills its objects while they are read, so that a second thread may see a year
    half filled: none is shared. It also knows the weekends of each country and year (Friday and
    Saturday in Egypt) and the Saturdays that are worked by law (China, Hungary).
    """
    known = holidays.country_holidays(country, subdiv=region, years=year)
    new_year = date(year, 1, 1)
    every = (new_year + timedelta(n) for n in range((date(year + 1, 1, 1) - new_year).days))
    return tuple(day for day in every if known.is_working_day(day))
