"""What a platform has otherwise than we is named, and nothing else is (CO-14)."""

import pytest

from workers.comparing import as_found


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"number": "+390612345678"}, {"number": "0039 06 1234-5678"}),
        ({"numbers": ["+390612345678"]}, {"numbers": ("+39 06 12345678",)}),
        ({"groups": ["sales", "board"]}, {"groups": ["board", "sales"]}),
        ({"groups": None}, {"groups": []}),
        ({}, {"description": ""}),
        ({"email": "anna@acme.example"}, {}),
    ],
)
def test_CO_14_what_says_the_same_in_another_way_is_alike(
    here: dict[str, object], there: dict[str, object]
) -> None:
    assert as_found("active", here, there) == "active"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"user": "Anna"}, {"user": "Ugo"}),
        ({"user": "Anna"}, {"user": None}),
        ({}, {"user": "Ugo"}),
        ({"user": ["Anna", "Ugo"]}, {"user": ["Ugo", "Ida"]}),
    ],
)
def test_CO_14_CO_4_what_is_otherwise_is_named_without_its_value(
    here: dict[str, object], there: dict[str, object]
) -> None:
    assert as_found("active", here, there) == "active, with another user"
