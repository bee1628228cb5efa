"""What can be asked of a SIP device, and with which fields (SD-1, SD-3, SD-4, SD-5, SD-7)."""

from typing import Annotated, Literal, Self

from macaddress import MAC
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from schema.command import Command, InWords, Name
from schema.customer import Text80
from schema.telephone import E164

#: How people and vendors write an address.
MAC_FORMS = (
    "[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}",
    "[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}",
    r"[0-9A-Fa-f]{4}(\.[0-9A-Fa-f]{4}){2}",
    "[0-9A-Fa-f]{12}",
)

#: The bit of the first octet that says an address is many devices'.
MULTICAST = 0x01


def mac_address(text: str) -> str:
    """Return a MAC address as it is stored, such as `0050c2abcdef`; raise `ValueError` for none of a device (SD-4)."""
    try:
        octets = bytes(MAC(text))
    except ValueError as error:
        raise ValueError("must be a MAC address such as 00:50:c2:ab:cd:ef") from error
    if octets[0] & MULTICAST:
        raise ValueError("must be the address of one device, not a multicast address")
    if not any(octets):
        raise ValueError("must be the address of a device, not all zeros")
    return octets.hex()


def written_mac(text: str) -> str:
    """Return a MAC address as it stands on the label of a device, such as `00:50:C2:AB:CD:EF` (SD-4)."""
    return bytes(MAC(text)).hex(":").upper()


Mac = Annotated[
    str,
    AfterValidator(mac_address),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^\s*({'|'.join(MAC_FORMS)})\s*$",
            "description": "A MAC address such as 00:50:c2:ab:cd:ef, 00-50-c2-ab-cd-ef, 0050.c2ab.cdef or 0050c2abcdef",
        }
    ),
]
Firmware = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9}){0,7}$"),
    InWords("must be numbers with dots between them, such as 96.86.0.70"),
]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)] | None
Users = Annotated[tuple[Text80, ...], Field(min_length=1, max_length=35)]

#: As many signs as a registrar takes, and none that a phone cannot type.
SipPassword = Annotated[
    str,
    StringConstraints(min_length=12, max_length=64, pattern=r"^[\x21-\x7e]+$"),
    InWords("must be 12 to 64 characters as a telephone has them: ASCII, no spaces"),
]


class Disclaimer(BaseModel):
    """By whom and when the disclaimer was accepted (SD-3)."""

    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", frozen=True, str_strip_whitespace=True
    )

    accepted_by: Text80
    accepted_at: AwareDatetime


class NewWorkspace(BaseModel):
    """A workspace that is to be made (SD-5)."""

    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", frozen=True, str_strip_whitespace=True
    )

    name: Annotated[
        str,
        StringConstraints(min_length=1, max_length=30, pattern=r'^[^%#<>/\\"\x00-\x1f]+$'),
        InWords('must be 1 to 30 characters without % # < > / \\ "'),
    ]
    room_type: Text80
    capacity: Annotated[int, Field(ge=1, le=10_000)]
    subscription: Text80
    licence: Literal["professional", "common_area"]
    location: Text80
    number: E164
    extension: (
        Annotated[
            str, StringConstraints(pattern=r"^[0-9]{2,10}$"), InWords("must be 2 to 10 digits")
        ]
        | None
    ) = None


class InWorkspace(BaseModel):
    """The workspace that a device stands in: one that is there, or with `new` one that is made (SD-5)."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid", frozen=True)

    reference: Name
    new: NewWorkspace | None = None


class Activate(Command):
    """Add a device for users or a workspace, and wait until it has registered (SD-1, SD-10)."""

    mac: Mac
    type: Text80
    firmware: Firmware
    users: Users | None = None
    workspace: InWorkspace | None = None
    password: SipPassword | None = None
    disclaimer: Disclaimer

    @model_validator(mode="after")
    def _is_of_users_or_of_a_workspace(self) -> Self:
        """Refuse a device that is nobody's, or that is both (SD-1)."""
        if (self.users is None) == (self.workspace is None):
            raise ValueError("needs users or a workspace, and not both")
        return self


class Assign(Command):
    """Let more users share the device (SD-1)."""

    users: Users


class Unassign(Command):
    """Take users off the device; one of them stays (SD-1)."""

    users: Users


class Replace(Command):
    """Give place, number and users to another device, with a new password (SD-11)."""

    mac: Mac
    type: Text80
    firmware: Firmware


class ResetPassword(Command):
    """Make a new password; the old one stops at once (SD-7)."""


class Block(Command):
    """Cut registration and calls at once (SD-12)."""

    reason: Reason = None


class Unblock(Command):
    """Let the device register and call again (SD-12)."""

    reason: Reason = None


class Delete(Command):
    """Take the device away for good; its workspace stays (SD-11)."""

    reason: Reason = None


class DeleteWorkspace(Command):
    """Take a workspace away in which no device stands any more (SD-11)."""

    reason: Reason = None
