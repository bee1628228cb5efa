"""Telephone numbers: taken in every usual writing that names its country, kept as E.164, told as people write them."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema

#: How a number is kept.
KEPT = re.compile(r"\+[1-9][0-9]{1,14}")

#: What a number may look like: its country first, after `+` or `00`, then digits in any groups.
PATTERN = r"^\s*([Tt][Ee][Ll]:\s*)?(\+|00)\s*[1-9]([\s().\/\u2010-\u2015-]*[0-9]){1,17}\s*$"
WRITING = re.compile(PATTERN)

#: What stands between the groups of digits, also where it was copied from a page or a spreadsheet.
BETWEEN = re.compile(r"[\s().\/\u2010-\u2015-]+")

WANTED = "must be a telephone number that names its country, such as +39 06 1234 5678"

#: The context in which a number was read from where it is kept: a newer list of countries has nothing to say then.
FROM_STORE = {"from": "store"}


def e164(text: str) -> str:
    """Return a number as it is kept; raise `ValueError` that says what is wrong with it, and what would be right.

    Whether a number is given to somebody is not asked: ranges of this month are in no list yet.
    """
    if not WRITING.fullmatch(text):
        raise ValueError(WANTED)
    from schema.numbering import checked  # noqa: PLC0415  who starts need not wait for the plans of all countries

    digits = BETWEEN.sub("", text).lower().removeprefix("tel:").removeprefix("00").lstrip("+")
    return checked(digits)


def as_written(kept: str, country: str | None) -> str:
    """Return a kept number as people of a country (ISO 3166) write it: nationally where it is one of theirs."""
    if not KEPT.fullmatch(kept):
        return kept
    from schema.numbering import written  # noqa: PLC0415  the same

    return written(kept, country)


def taken(text: str, told: ValidationInfo) -> str:
    """Return a number as it is kept, however it was written."""
    return text if told.context is FROM_STORE else e164(text)


SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": PATTERN,
    "description": "A telephone number that names its country, such as +39 06 1234 5678; kept as +390612345678 (E.164)",
}

E164 = Annotated[str, AfterValidator(taken), WithJsonSchema(SCHEMA)]
