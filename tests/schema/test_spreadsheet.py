"""CSV that a spreadsheet opens without calculating anything."""

import csv
from io import StringIO

import pytest

from schema.spreadsheet import MARK, csv_text, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
)
def test_what_a_spreadsheet_would_calculate_stays_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Ann", "+390612345678", "0012", "a=b", "'=1"])
def test_everything_else_stays_as_it_is_and_so_do_telephone_numbers(text: str) -> None:
    assert safe_cell(text) == text


def test_a_file_says_its_letters_and_quotes_what_it_has_to() -> None:
    rows = [("user", "password"), ("Zoë, F.", 'a"b'), ("=x", "+390612345678")]
    text = csv_text(rows)
    assert text.startswith(MARK)
    read = list(csv.reader(StringIO(text.removeprefix(MARK), newline="")))
    assert read == [["user", "password"], ["Zoë, F.", 'a"b'], ["'=x", "+390612345678"]]
