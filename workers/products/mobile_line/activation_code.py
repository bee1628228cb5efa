"""The activation code of an eSIM as SGP.22 writes it (section 4.1), and what of it goes into which phone (ML-2).

LPA:1$smdp.example.com$04386-AGYFT-A74Y8-3F815
    the whole: QR code, and the network provider code that Android asks for
      smdp.example.com and 04386-AGYFT-A74Y8-3F815: what Apple phones ask for, one by one
"""

import re
from dataclasses import dataclass

#: Neither part may hold the sign between them; the address is a host name without a scheme.
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,253}[A-Za-z0-9])?")
MATCHING_ID = re.compile(r"[A-Z0-9-]{0,255}")


class CodeMalformed(ValueError):
    """Raised for what is no activation code; the message does not repeat it (CO-4)."""


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """Where a profile waits, and the word that gets it."""

    address: str
    matching_id: str

    def __post_init__(self) -> None:
        if not HOST.fullmatch(self.address) or not MATCHING_ID.fullmatch(self.matching_id):
            raise CodeMalformed("the address or the matching id is not as SGP.22 wants it")

    def __str__(self) -> str:
        return f"LPA:1${self.address}${self.matching_id}"


def parse_code(text: str) -> ActivationCode:
    """Return the parts of a code, with or without `LPA:`; an object id and the flag behind them are left out."""
    kind, *parts = text.removeprefix("LPA:").split("$")
    if kind != "1" or not 2 <= len(parts) <= 4:  # noqa: PLR2004  address, matching id, object id, flag
        raise CodeMalformed("the text is no activation code of format 1")
    return ActivationCode(parts[0], parts[1])
