"""Telephone numbers: any usual writing is taken, one form is kept, and people read theirs (CO-11)."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from schema.products.secure_account.commands import VirtualNumber
from schema.telephone import E164, FROM_STORE, SCHEMA, as_written, e164

NUMBER = TypeAdapter[str](E164)

WRITINGS = [
    *("+390612345678", "+39 06 1234-5678", "+39 (0)6 1234 5678", "0039 06 12345678"),
    *("tel:+39-06-1234-5678", "Tel: +39/06.12345678", " +39\u00a006\u20111234\u20115678 "),
]


@pytest.mark.parametrize("text", WRITINGS)
def test_CO_11_a_number_is_the_same_however_it_is_written(text: str) -> None:
    assert e164(text) == "+390612345678"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("06 1111 2222", "must be a telephone number that names its country"),
        ("390612345678", "must be a telephone number that names its country"),
        ("+39 06 1234 5678 ext 12", "must be a telephone number that names its country"),
        ("+1-800-FLOWERS", "must be a telephone number that names its country"),
        ("+39 06 12\u0663\u066345678", "must be a telephone number that names its country"),
        ("+999 1234567", "begins with the code of no country"),
        ("+39 06", r"is too short for a number of \+39; one looks like \+39 02 "),
        ("+44 20 7946 01010 12345", r"is too long for a number of \+44; one looks like \+44 "),
        ("+1 555 1234", r"lacks its area code for a number of \+1; one looks like \+1 "),
    ],
)
def test_CO_11_a_wrong_number_is_refused_with_what_is_wrong_and_what_would_be_right(
    text: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        e164(text)
    assert re.search(r"\+[1-9]+ [0-9]", str(refused.value))
    assert text not in str(refused.value)


@pytest.mark.parametrize("text", WRITINGS)
def test_CO_11_what_the_schema_says_of_a_number_is_true(text: str) -> None:
    validator = Draft202012Validator(NUMBER.json_schema())
    assert NUMBER.json_schema() == SCHEMA
    assert validator.is_valid(text)
    assert validator.is_valid(e164(text))
    assert not validator.is_valid("06 1234 5678")


def test_CO_11_what_is_kept_is_read_whatever_is_known_of_numbers_by_then() -> None:
    kept = json.dumps("+9991234567")
    assert NUMBER.validate_json(kept, context=FROM_STORE) == "+9991234567"
    with pytest.raises(ValueError, match="no country"):
        NUMBER.validate_json(kept)


@pytest.mark.parametrize(
    ("kept", "country", "read"),
    [
        ("+390612345678", "IT", "06 1234 5678"),
        ("+390612345678", "DE", "+39 06 1234 5678"),
        ("+390612345678", None, "+39 06 1234 5678"),
        ("+442079460101", "GB", "020 7946 0101"),
        ("+9991234567", "IT", "+9991234567"),
        ("on the second floor", "IT", "on the second floor"),
        ("Anna, +390612345678", "IT", "Anna, +390612345678"),
    ],
)
def test_people_read_a_number_as_they_write_it(kept: str, country: str | None, read: str) -> None:
    assert as_written(kept, country) == read


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0039 333 123 4567", "+393331234567"),
        ("00393331234567", "+393331234567"),
        ("0110", "0110"),
        ("393331234567", "393331234567"),
    ],
)
def test_SA_1_a_virtual_number_is_a_telephone_number_or_one_of_the_servers_own_plan(
    text: str, kept: str
) -> None:
    known = TypeAdapter[str](VirtualNumber)
    assert known.validate_python(text) == kept
    assert Draft202012Validator(known.json_schema()).is_valid(text)
    with pytest.raises(ValueError, match="own plan"):
        known.validate_python("12")
