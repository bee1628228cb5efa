"""What can be asked of an account for encrypted calls, with every fault that its fields can have (SA-1 to SA-8)."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from schema.command import Command, Email, InWords
from schema.telephone import E164, PATTERN, taken

Text80 = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Text200 = Annotated[str, StringConstraints(min_length=1, max_length=200)]
UserName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"),
    InWords(
        "must be 3 to 64 letters, digits, dots, underscores and hyphens, a letter or digit first"
    ),
]

#: A number that only the server of these accounts knows.
OWN_PLAN = re.compile(r"[0-9]{3,15}")


def _virtual_number(text: str, told: ValidationInfo) -> str:
    """Return a telephone number as it is kept, or a number of the server's own plan as it is."""
    if OWN_PLAN.fullmatch(text) and not text.startswith("00"):
        return text
    try:
        return taken(text, told)
    except ValueError as error:
        raise ValueError(f"{error}; or 3 to 15 digits of the server's own plan") from error


VirtualNumber = Annotated[
    str,
    AfterValidator(_virtual_number),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": f"{PATTERN}|^[0-9]{{3,15}}$",
            "description": "A telephone number that names its country, or 3 to 15 digits of the server's own plan",
        }
    ),
]

#: How a link comes to the user; a `message` is another one than these, which the Admin sends who reveals the link.
By = Literal["sms", "email", "message"]

#: What `edit` changes (SA-8).
SETTINGS = ("full_name", "group", "profile", "gsm_number", "email", "security_model", "description",
            "virtual_number")  # fmt: skip


#: What the fields themselves cannot say: an automatic way needs a profile.
NEEDS_PROFILE: JsonDict = {
    "if": {"properties": {"way": {"enum": ["wizard", "batch"]}}},
    "then": {"required": ["profile"]},
}


class Activate(Command):
    """Make the account; in the wizard's or batch's way, wait until its device has fetched its configuration (SA-1)."""

    model_config = ConfigDict(json_schema_extra=NEEDS_PROFILE)

    type: Literal["pgsm", "snom"] = "pgsm"
    way: Literal["plain", "wizard", "batch"]
    group: Text80
    profile: Text80 | None = Field(
        None, validate_default=True, description="Needed by wizard and batch, not taken by plain"
    )
    full_name: Text80
    gsm_number: E164 | None = None
    email: Email | None = None
    security_model: Text80 | None = None
    description: Text200 | None = None
    user_name: UserName | None = Field(
        None, validate_default=True, description="Without it, the digits of the GSM number"
    )
    virtual_number: VirtualNumber | None = Field(
        None, validate_default=True, description="Without it, the digits of the GSM number"
    )
    messages_by: By | None = Field(
        None, validate_default=True, description="Without it, what there is a number or address for"
    )
    app_installed: bool = Field(default=False, description="Only the activation link is sent")

    @field_validator("way")
    @classmethod
    def _fits_the_type(cls, way: str, info: ValidationInfo) -> str:
        """Refuse messages to desk phones (SA-1)."""
        if info.data.get("type") == "snom" and way != "plain":
            raise ValueError("a desk phone (snom) is made in the plain way only")
        return way

    @field_validator("profile")
    @classmethod
    def _belongs_to_the_way(cls, profile: str | None, info: ValidationInfo) -> str | None:
        """Refuse an automatic way without a profile, and a plain one with it (SA-1)."""
        way = info.data.get("way")
        if profile is None and way in {"wizard", "batch"}:
            raise ValueError(f"is missing: {way} needs a provisioning profile")
        if profile is not None and way == "plain":
            raise ValueError("belongs to wizard and batch; plain is configured by hand")
        return profile

    @field_validator("user_name", "virtual_number")
    @classmethod
    def _can_be_made(cls, name: str | None, info: ValidationInfo) -> str | None:
        """Refuse an account that nothing can be called after."""
        if name is None and info.data.get("gsm_number") is None:
            raise ValueError("is missing: there is no GSM number to make it from")
        return name

    @field_validator("messages_by")
    @classmethod
    def _can_be_reached(cls, by: str | None, info: ValidationInfo) -> str | None:
        """Refuse messages to where there is no number or address (SA-3)."""
        needs = {"sms": "gsm_number", "email": "email"}.get(by or "")
        if needs and info.data.get(needs) is None:
            raise ValueError(f"{by} needs {needs}")
        return by


class SendInstallation(Command):
    """Send the link to the app (SA-3)."""

    by: By | None = None


class SendActivation(Command):
    """Send a new link that configures the app, and brings new keys (SA-3, SA-7)."""

    by: By | None = None


class Refresh(Command):
    """Read the messages' status and the account's data from the platform now (SA-4)."""


class Edit(Command):
    """Change settings; type and user name stay (SA-8)."""

    full_name: Text80 | None = None
    group: Text80 | None = None
    profile: Text80 | None = None
    gsm_number: E164 | None = None
    email: Email | None = None
    security_model: Text80 | None = None
    description: Text200 | None = None
    virtual_number: VirtualNumber | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        """Refuse to change nothing."""
        if not self.changes():
            raise ValueError(f"says nothing to change; one of {', '.join(SETTINGS)}")
        return self

    def changes(self) -> dict[str, str]:
        """Return the settings that are wanted otherwise."""
        return self.model_dump(include=set(SETTINGS), exclude_none=True)


class Disable(Command):
    """Let the user neither call nor be called; an audio message tells him (SA-6)."""

    reason: Text200 | None = None


class Enable(Command):
    """Take a `disable` back (SA-6)."""


class RevokeKeys(Command):
    """Revoke the key pair of end-to-end secure messages (SA-7)."""

    reason: Text200 | None = None


class Delete(Command):
    """Remove the account for good (SA-8)."""

    reason: Text200 | None = None
