"""CSV that spreadsheets open without harm: what they would take for a formula stays text."""

import csv
import re
from collections.abc import Sequence
from io import StringIO

#: What a cell begins with that a spreadsheet calculates; the last four are full-width.
FORMULA = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")

#: Where a spreadsheet of another language cuts a cell in two, and a formula follows that is no telephone number.
CUT = re.compile(
    r'(?<=[;,\r\n])(?="*[=+@\-\uff1d\uff0b\uff0d\uff20])'
    r"(?!\+[1-9][0-9]{1,14}(?:[;,\r\n]|\Z))"
)

#: A telephone number calculates nothing, and is read and copied: it stays as it is.
E164 = re.compile(r"\+[1-9][0-9]{1,14}")

#: Without it a spreadsheet takes UTF-8 for the machine's old letters.
MARK = "\ufeff"


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet calculates: what begins like a formula gets an apostrophe."""
    safe = CUT.sub("'", text)
    return f"'{safe}" if text[:1] in FORMULA and not E164.fullmatch(text) else safe


def csv_line(cells: Sequence[str], separator: str = ",") -> str:
    """Return one row of CSV with its line end, every cell safe."""
    written = StringIO()
    csv.writer(written, delimiter=separator).writerow(map(safe_cell, cells))
    return written.getvalue()
