"""The fields of what can be asked for a business user (BU-1, BU-2, BU-5, BU-8 to BU-11)."""

from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from schema.command import Command, Email, InWords
from schema.spreadsheet import safe_cell
from schema.telephone import E164

MOBILE_NEEDS = "a mobile always needs its contract number"

Given = TypeVar("Given", bound=Command)


def _user_has_tried(tried: bool) -> bool:  # noqa: FBT001  pydantic gives it by place
    """Return that the user has tried it himself."""
    if not tried:
        raise ValueError("must be true: first the user tries to reset user name or password")
    return tried


def _is_shown_as_it_is(password: str) -> str:
    """Return a password to which an export adds nothing."""
    if safe_cell(password) != password:
        detail = "must not begin with = + - or @, nor have one of them behind ; or ,"
        raise ValueError(f"{detail}: in an export it would be a formula")
    return password


def _says_something(command: Given) -> Given:
    """Return a command that says what to change."""
    if not command.model_dump(exclude=set(Command.model_fields), exclude_none=True):
        raise ValueError("nothing is to be changed")
    return command


FirstName = Annotated[str, StringConstraints(min_length=1, max_length=23)]
LastName = Annotated[str, StringConstraints(min_length=1, max_length=30)]
UserName = Annotated[
    str,
    StringConstraints(max_length=80, pattern=r"^[^\s+\-&@]+$"),
    InWords("must be 1 to 80 characters without spaces and + - & @"),
]
Extension = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{2,6}$"), InWords("must be 2 to 6 digits")
]
Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Password = Annotated[
    str,
    StringConstraints(min_length=6, max_length=60, pattern=r"^[!-~]+$"),
    InWords("must be 6 to 60 characters as a telephone has them: ASCII, no spaces"),
    AfterValidator(_is_shown_as_it_is),
]
Services = Annotated[tuple[Text80, ...], Field(min_length=1, max_length=50)]
Options = Annotated[tuple[Text80, ...], Field(max_length=50)]
Kind = Literal["pickup", "park", "hunt_group", "call_centre"]


class Activate(Command):
    """Add a user to the site, and wait until he can be called (BU-1, BU-4)."""

    first_name: FirstName
    last_name: LastName
    user_name: UserName
    email: Email
    services: Services
    number: E164
    extension: Extension | None = None
    package: Text80 | None = None
    options: Options = ()
    no_desk_phone: bool = False
    desk_phone: Annotated[
        Text80 | None,
        Field(validate_default=True, description="Needed unless no_desk_phone is true"),
    ] = None
    mobile: Annotated[
        E164 | None, Field(validate_default=True, description="Needed where no_desk_phone is true")
    ] = None
    contract_number: Annotated[
        Text80 | None, Field(validate_default=True, description="Needed with a mobile")
    ] = None

    @field_validator("desk_phone")
    @classmethod
    def _is_there_or_not(cls, phone: str | None, told: ValidationInfo) -> str | None:
        """Refuse a user with a desk phone and without one."""
        if told.data.get("no_desk_phone") is bool(phone):
            raise ValueError("has to be given, or else no_desk_phone has to be true; not both")
        return phone

    @field_validator("mobile")
    @classmethod
    def _is_the_only_one(cls, mobile: str | None, told: ValidationInfo) -> str | None:
        """Refuse a user without any telephone."""
        if mobile is None and told.data.get("no_desk_phone"):
            raise ValueError("is missing: who has no desk phone needs a mobile")
        return mobile

    @field_validator("contract_number")
    @classmethod
    def _is_the_mobiles(cls, contract: str | None, told: ValidationInfo) -> str | None:
        """Refuse a mobile without its contract."""
        if contract is None and (told.data.get("mobile") or told.data.get("no_desk_phone")):
            raise ValueError(f"is missing: {MOBILE_NEEDS}")
        return contract


class Update(Command):
    """Change an activated user's user name, number, telephones, package or options (BU-8)."""

    user_name: UserName | None = None
    number: E164 | None = None
    extension: Extension | None = None
    package: Text80 | None = None
    options: Options | None = None
    no_desk_phone: Literal[True] | None = None
    desk_phone: Text80 | None = None
    mobile: E164 | None = None
    contract_number: Text80 | None = None

    @field_validator("desk_phone")
    @classmethod
    def _is_there_or_not(cls, phone: str | None, told: ValidationInfo) -> str | None:
        """Refuse a user with a desk phone and without one."""
        if phone and told.data.get("no_desk_phone"):
            raise ValueError("cannot be given where no_desk_phone is true")
        return phone

    @model_validator(mode="after")
    def _changes_something(self) -> "Update":
        """Refuse to change nothing."""
        return _says_something(self)


class ChangeServices(Command):
    """Change a user's call services, or the profile that others see of him (BU-5)."""

    services: Services | None = None
    first_name: FirstName | None = None
    last_name: LastName | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "ChangeServices":
        """Refuse to change nothing."""
        return _says_something(self)


class JoinGroup(Command):
    """Take a user into a group; `when_activated` lets it wait until he is (BU-5, BU-12)."""

    kind: Kind
    group: Text80
    role: Literal["agent", "supervisor"] | None = None
    when_activated: bool = False

    @field_validator("role")
    @classmethod
    def _is_of_a_call_centre(cls, role: str | None, told: ValidationInfo) -> str | None:
        """Refuse a role where there is none."""
        if role is not None and told.data.get("kind", "call_centre") != "call_centre":
            raise ValueError("is for a call_centre only")
        return role


class LeaveGroup(Command):
    """Take a user out of a group, or withdraw what waits for his activation (BU-5)."""

    kind: Kind
    group: Text80


class NewLogin(Command):
    """Make new login details for the user's desk phone, which are shown once (BU-9)."""


class NewPasswords(Command):
    """Make a new password for the user's desk phone; one export shows those of many, once (BU-10)."""


class SetPassword(Command):
    """Give the user's desk phone this password (BU-10)."""

    password: Password


class ResetAccount(Command):
    """Reset an account that is locked, or that the user cannot get into (BU-11)."""

    user_has_tried: Annotated[bool, AfterValidator(_user_has_tried)]


class Delete(Command):
    """Delete a user for good: he leaves all groups, and his number is free at once (BU-7)."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
