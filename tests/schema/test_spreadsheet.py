"""CSV that a spreadsheet opens without calculating anything."""

import csv
from io import StringIO

import pytest

from schema.spreadsheet import csv_line, safe_cell


@pytest.mark.parametrize("text", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1"])
def test_what_a_spreadsheet_would_calculate_stays_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("x,-2;+3", "x,'-2;'+3"),
        ('x;""=1', 'x;\'""=1'),
        ("x\n@SUM(A1)", "x\n'@SUM(A1)"),
        ("\r=1", "'\r'=1"),
    ],
)
def test_what_is_a_formula_where_another_language_cuts_the_cell_stays_text_too(
    text: str, safe: str
) -> None:
    assert safe_cell(text) == safe
    assert safe_cell(safe) == safe


UNHARMED = ["", "Ann", "+390612345678", "a,+390612345679;b", "a;b, -1", "a=b", "'=1"]


@pytest.mark.parametrize("text", UNHARMED)
def test_everything_else_stays_as_it_is_and_so_do_telephone_numbers(text: str) -> None:
    assert safe_cell(text) == text


def test_rows_quote_what_they_have_to_and_every_cell_is_safe() -> None:
    rows = [("user", "password"), ("Zoë, F.", 'a"b'), ("=x", "+390612345678")]
    text = "".join(map(csv_line, rows))
    read = list(csv.reader(StringIO(text, newline="")))
    assert read == [["user", "password"], ["Zoë, F.", 'a"b'], ["'=x", "+390612345678"]]
