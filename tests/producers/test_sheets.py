"""Files as spreadsheets and programs write them."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from producers.files import BadLine
from producers.sheets import Row, Sheet, look_over, read_sheet
from schema.errors import Refused

CELLS = [{"name": "Zoë", "number": "0039"}, {"name": "Rossi, M.", "number": "+39"}]


def sheet(content: bytes, *, is_json: bool = False) -> Sheet:
    file = BytesIO(content)
    look = look_over(file)
    return read_sheet(TextIOWrapper(file, look.encoding, newline=""), is_json=is_json)


def read(content: bytes) -> list[tuple[int, object]]:
    rows = sheet(content).rows
    return [(row.number, row.cells if isinstance(row, Row) else row.refusal.detail) for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_spreadsheets_do_to_a_file_is_undone(encoding: str, separator: str, end: str) -> None:
    lines = [["name", "number"], ["Zoë", "0039"], ['"Rossi, M."', "+39"], ["", ""], []]
    text = "".join(separator.join(line) + end for line in lines)
    found = sheet(text.encode(encoding))
    assert (found.columns, found.separator) == (("name", "number"), separator)
    assert [row.cells for row in found.rows if isinstance(row, Row)] == CELLS


def test_a_line_that_says_the_separator_is_no_row() -> None:
    assert read(b"sep=|\r\nname|number\r\nAnn|1,5\r\n") == [(2, {"name": "Ann", "number": "1,5"})]


def test_rows_are_counted_as_a_spreadsheet_shows_them() -> None:
    rows = read(b'\nname,note\na,"two\nlines"\n,\n\nb,"said ""so"""\n')
    assert rows == [
        (3, {"name": "a", "note": "two\nlines"}),
        (6, {"name": "b", "note": 'said "so"'}),
    ]


def test_a_row_that_is_no_csv_says_which_lines_it_took_and_stops_no_other() -> None:
    rows = read(b'name,note\na,"b" c\nd,e,f\ng\nh,i,\n')
    assert rows == [
        (2, "this row is no CSV (lines 2 to 2): ',' expected after '\"'"),
        (3, "this row has 3 cells, the header 2"),
        (4, {"name": "g"}),
        (5, {"name": "h", "note": "i"}),
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"name\nZo\xeb\n", "is not UTF-8"),
        (b"\xff\xfen\x00a", "is not UTF-16"),
        (b"n\x00a\x00", "holds NUL"),
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n;;\r\n", "is empty"),
    ],
)
def test_a_file_whose_letters_or_columns_are_unknown_is_refused_whole(
    content: bytes, why: str
) -> None:
    with pytest.raises(Refused, match=why):
        sheet(content)


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_a_letter_of_old_windows_is_named_with_its_line_and_byte_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, piece: int, start: bytes
) -> None:
    monkeypatch.setattr("producers.sheets.PIECE", piece)
    content = start + "name\nZoë\n".encode() + "Jürgen\n".encode("cp1252")
    with pytest.raises(Refused) as told:
        sheet(content)
    place = f"line 3 is not UTF-8, at byte {len(start) + 12} of the file"
    assert f"{place} (0xfc, which is ü in Windows-1252): in Excel" in str(told.value)
    assert "CSV UTF-8" in str(told.value)


def test_lines_of_json_are_objects() -> None:
    content = b'{"name": "Ann", "place": {"floor": 2}}\n\n[1]\n{\n{"name": "Bob"}\n'
    rows = list(sheet(content, is_json=True).rows)
    assert rows[0] == Row(1, {"name": "Ann", "place": {"floor": 2}})
    assert [each.number for each in rows if isinstance(each, BadLine)] == [3, 4]
    assert rows[-1] == Row(5, {"name": "Bob"})


def test_a_fingerprint_is_of_every_byte() -> None:
    assert look_over(BytesIO(b"a,b\n1,2\n")).digest != look_over(BytesIO(b"a,b\n1,3\n")).digest


class Endless(StringIO):
    """A long file that is made while it is read."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        return "name,number\n"

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return (f"user {number},+3906{number:08}\n" for number in range(self.rows))


def test_a_long_file_takes_no_more_memory_than_a_short_one() -> None:
    tracemalloc.start()
    try:
        rows = read_sheet(Endless(30_000), is_json=False).rows
        assert sum(1 for _ in rows) == 30_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200_000
