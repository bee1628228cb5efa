"""Numbering plans: how long the numbers of a country are, and how its people write them."""

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

from schema.telephone import WANTED

#: What is wrong with how long a number is.
LENGTHS = {
    ValidationResult.TOO_SHORT: "is too short",
    ValidationResult.TOO_LONG: "is too long",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "lacks its area code",
}


def checked(digits: str) -> str:
    """Return the number of these digits, its country's first, as it is kept; raise `ValueError` as `e164` does."""
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


def written(kept: str, country: str | None) -> str:
    """Return a kept number as people of a country write it."""
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
