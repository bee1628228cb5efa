"""A customer: the organisation that owns services, as it is told to us (reference data)."""

from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from schema.calendar import WorkCalendar
from schema.command import Email, InWords, Name
from schema.telephone import E164

#: The highest version: 64 bits hold no more.
NEWEST = (1 << 63) - 1

Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True)]


class Admin(BaseModel):
    """A person of the customer with the role Admin."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    name: Text80
    email: Email


class Site(BaseModel):
    """A place of the customer's; only with an emergency address can a number be live there (CO-11)."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    name: Text80
    emergency_address: Text200 | None = None


class Number(BaseModel):
    """A telephone number of the customer's, at one of his sites."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    e164: E164
    site: Text80


class User(BaseModel):
    """A person of the customer who uses lines and devices, known by user name or real name (SD-1)."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    user_name: Text80
    name: Text80
    email: Email | None = None


class Customer(BaseModel):
    """One version of a customer's whole record; unknown fields are refused."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    version: int = Field(ge=1, le=NEWEST)
    name: Text80
    country: Annotated[
        str,
        StringConstraints(pattern="^[A-Z]{2}$"),
        InWords("must be a country's two capital letters, such as IT"),
    ] = "IT"
    region: Text80 | None = None
    time_zone: Text80 = "Europe/Rome"
    language: Literal["en", "it", "de", "sr", "ro"] = "en"
    admins: tuple[Admin, ...] = ()
    partners: tuple[Name, ...] = ()
    entitlements: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    sites: tuple[Site, ...] = ()
    numbers: tuple[Number, ...] = ()
    users: tuple[User, ...] = ()
    suppress_email: bool = False

    @model_validator(mode="after")
    def _has_a_calendar(self) -> "Customer":
        """Refuse a country, region or zone whose business days nobody knows."""
        calendar_of(self.country, self.region, self.time_zone)
        return self

    @model_validator(mode="after")
    def _has_each_number_at_one_site(self) -> "Customer":
        """Refuse names that stand there twice, and numbers at sites that do not."""
        sites = [each.name for each in self.sites]
        numbers = [each.e164 for each in self.numbers]
        if len(set(sites)) < len(sites) or len(set(numbers)) < len(numbers):
            raise ValueError("a site or a number stands there twice")
        if unknown := {each.site for each in self.numbers}.difference(sites):
            raise ValueError(f"there is no site {min(unknown)}")
        return self

    @model_validator(mode="after")
    def _has_each_user_name_once(self) -> "Customer":
        """Refuse a user name that stands there twice, in whatever case."""
        names = [each.user_name.casefold() for each in self.users]
        if len(set(names)) < len(names):
            raise ValueError("a user name stands there twice")
        return self

    def users_called(self, name: str) -> tuple[User, ...]:
        """Return the one user with this user name, else all with this real name, in whatever case (SD-1)."""
        wanted = name.casefold()
        named = tuple(each for each in self.users if each.user_name.casefold() == wanted)
        return named or tuple(each for each in self.users if each.name.casefold() == wanted)

    def site_of(self, e164: str) -> str | None:
        """Return the site of a number, None where it is none of the customer's."""
        return next((each.site for each in self.numbers if each.e164 == e164), None)

    def has_emergency_address(self, site: str) -> bool:
        """Return whether a number at this site may be live."""
        return any(each.name == site and each.emergency_address for each in self.sites)

    @property
    def calendar(self) -> WorkCalendar:
        """The working days by which the customer's deadlines are counted."""
        return calendar_of(self.country, self.region, self.time_zone)


@cache
def calendar_of(country: str, region: str | None, time_zone: str) -> WorkCalendar:
    """Return a calendar, built once; raise `ValueError` where country, region or zone is unknown."""
    return WorkCalendar(country, region, time_zone)
