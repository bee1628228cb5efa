"""Telephone numbers: taken in every usual writing that names its country, kept as E.164, told as people write them."""

import re
from typing import Annotated, Any

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    country_code_for_region,
    example_number,
    example_number_for_non_geo_entity,
    format_number,
    is_possible_number_with_reason,
    parse,
    region_code_for_country_code,
)
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

#: What is wrong with how long a number is.
LENGTHS = {
    ValidationResult.TOO_SHORT: "is too short",
    ValidationResult.TOO_LONG: "is too long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
}


def e164(text: str) -> str:
    """Return a number as it is kept; raise `ValueError` that says what is wrong with it, and what would be right.

    Whether a number is given to somebody is not asked: ranges of this month are in no list yet.
    """
    if not WRITING.fullmatch(text):
        raise ValueError(WANTED)
    digits = BETWEEN.sub("", text).lower().removeprefix("tel:").removeprefix("00").lstrip("+")
    try:
        number = parse(f"+{digits}")
    except NumberParseException as error:
        if error.error_type != NumberParseException.INVALID_COUNTRY_CODE:
            raise ValueError(WANTED) from error
        raise ValueError(f"begins with the code of no country; it {WANTED}") from error
    if (found := is_possible_number_with_reason(number)) != ValidationResult.IS_POSSIBLE:
        said = LENGTHS.get(found, "has not as many digits as it should")
        raise ValueError(f"{said} for a number of +{number.country_code}{_example(number)}")
    return format_number(number, PhoneNumberFormat.E164)


def as_written(kept: str, country: str | None) -> str:
    """Return a kept number as people of a country (ISO 3166) write it: nationally where it is one of theirs."""
    if not KEPT.fullmatch(kept):
        return kept
    try:
        number = parse(kept)
    except NumberParseException:
        return kept
    is_theirs = country is not None and number.country_code == country_code_for_region(country)
    form = PhoneNumberFormat.NATIONAL if is_theirs else PhoneNumberFormat.INTERNATIONAL
    return format_number(number, form)


def _example(number: PhoneNumber) -> str:
    """Return what a number of the same country looks like, where one is known."""
    code = number.country_code or 0
    region = region_code_for_country_code(code)
    found = example_number(region) or example_number_for_non_geo_entity(code)
    shown = format_number(found, PhoneNumberFormat.INTERNATIONAL) if found else ""
    return shown and f"; one looks like {shown}"


def taken(text: str, told: ValidationInfo) -> str:
    """Return a number as it is kept, however it was written."""
    return text if told.context is FROM_STORE else e164(text)


SCHEMA: dict[str, Any] = {
    "type": "string",
    "pattern": PATTERN,
    "description": "A telephone number that names its country, such as +39 06 1234 5678; kept as +390612345678 (E.164)",
}

E164 = Annotated[str, AfterValidator(taken), WithJsonSchema(SCHEMA)]
