"""A customer: the organisation that owns services, as it is told to us (reference data)."""

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints, model_validator

from schema.calendar import WorkCalendar
from schema.command import Name

#: The highest version: 64 bits hold no more.
NEWEST = (1 << 63) - 1

Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class Admin(BaseModel):
    """A person of the customer with the role Admin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text80
    email: EmailStr


class Customer(BaseModel):
    """One version of a customer's whole record; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = Field(ge=1, le=NEWEST)
    name: Text80
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] = "IT"
    region: Text80 | None = None
    time_zone: Text80 = "Europe/Rome"
    language: Literal["en", "it", "de", "sr", "ro"] = "en"
    admins: tuple[Admin, ...] = ()
    partners: tuple[Name, ...] = ()
    entitlements: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    suppress_email: bool = False

    @model_validator(mode="after")
    def _has_a_calendar(self) -> "Customer":
        """Refuse a country, region or zone whose business days nobody knows."""
        calendar_of(self.country, self.region, self.time_zone)
        return self

    @property
    def calendar(self) -> WorkCalendar:
        """The working days by which the customer's deadlines are counted."""
        return calendar_of(self.country, self.region, self.time_zone)


@cache
def calendar_of(country: str, region: str | None, time_zone: str) -> WorkCalendar:
    """Return a calendar, built once; raise `ValueError` where country, region or zone is unknown."""
    return WorkCalendar(country, region, time_zone)
