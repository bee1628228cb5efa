"""Rows of a file from a spreadsheet (CSV) or a program (JSON Lines), one at a time, however long it is.

What spreadsheets do to files is undone: a mark at the start, UTF-16, semicolons or tabs between cells, a line that
says which, blank lines. Text stays text: a leading zero is kept, and what looks like a number is none.
"""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, count
from typing import BinaryIO, TextIO

from producers.files import BadLine, read_lines
from schema.errors import Refusal, Refused

#: What may stand between cells; of equals the first is taken.
SEPARATORS = ",;\t"

#: What a spreadsheet may write before the header to say which.
SAYS_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)

QUOTED = re.compile(r'"[^"]*"?')

#: Bytes read at once.
PIECE = 1 << 20

#: What helps where a file has other letters.
SAVE = "in Excel, save it by Save As as CSV UTF-8 (comma delimited)"

#: A record of CSV: its cells, or why it is none.
Record = Sequence[str] | Refusal


@dataclass(frozen=True, slots=True)
class Row:
    """One row by its number, as a spreadsheet counts: text by column, or values from JSON."""

    number: int
    cells: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it is read: its rows, and of CSV the columns and what stands between them."""

    rows: Iterator[Row | BadLine]
    columns: tuple[str, ...] | None = None
    separator: str = ","


@dataclass(frozen=True, slots=True)
class Look:
    """What a first reading of a file tells: how its letters are written, and the fingerprint of its content."""

    encoding: str
    digest: str


def look_over(file: BinaryIO) -> Look:
    """Read a file to its end and go back to its start; raise `Refused` where its letters are unknown."""
    start = file.read(2)
    encoding = "utf-16" if start in {BOM_UTF16_LE, BOM_UTF16_BE} else "utf-8-sig"
    file.seek(0)
    decoder, digest, lines = getincrementaldecoder(encoding)(), sha256(), 1
    try:
        for piece in iter(lambda: file.read(PIECE), b""):
            digest.update(piece)
            if "\x00" in decoder.decode(piece):
                raise _unreadable(f"it holds NUL: {SAVE}")
            lines += piece.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # What is decoded at once may begin with the end of the piece before, and always ends where was read to.
        place = file.tell() - len(error.object) + error.start
        raise _unreadable(_odd(error, lines, place)) from error
    file.seek(0)
    return Look(encoding, digest.hexdigest())


def _odd(error: UnicodeDecodeError, lines: int, place: int) -> str:
    """Return which byte of a file is no letter, where it stands, and what is to be done about it."""
    name = "UTF-16" if error.encoding.startswith("utf-16") else "UTF-8"
    line = lines + error.object.count(b"\n", 0, error.start)
    odd = error.object[error.start : error.start + 1]
    letter = odd.decode("cp1252", errors="ignore")
    is_old = f", which is {letter} in Windows-1252" if name == "UTF-8" and letter.isalpha() else ""
    return f"line {line} is not {name}, at byte {place + 1} of the file (0x{odd.hex()}{is_old}): {SAVE}"


def read_sheet(text: TextIO, *, is_json: bool) -> Sheet:
    """Return the rows of a file whose line ends were left as they are; raise `Refused` for CSV without a header."""
    if is_json:
        return Sheet(_objects(text))
    begin = [text.readline()]
    lines: Iterable[str] = text
    if said := SAYS_SEPARATOR.fullmatch(begin[0]):
        separator = said[1]
    else:
        while not begin[-1].strip() and (line := text.readline()):
            begin.append(line)
        separator, lines = _separator(begin[-1]), chain(begin, text)
    return _sheet(_records(lines, separator), separator)


def _records(lines: Iterable[str], separator: str) -> Iterator[tuple[int, Record]]:
    """Yield the records of CSV by their number; one that is none names the lines that it took."""
    reader = csv.reader(lines, delimiter=separator, strict=True)
    for number in count(1):
        begun = reader.line_num + 1
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            detail = f"this row is no CSV (lines {begun} to {reader.line_num}): {error}"
            yield number, Refusal("malformed", 400, detail)


def _sheet(records: Iterator[tuple[int, Record]], separator: str) -> Sheet:
    """Return the rows below the header."""
    for _, header in records:
        if isinstance(header, Refusal):
            raise Refused(header)
        if any(name.strip() for name in header):
            columns = tuple(name.strip() for name in header)
            while not columns[-1]:
                columns = columns[:-1]
            return Sheet(_rows(records, columns), columns, separator)
    raise _unreadable("it is empty: its first row names the columns")


def _rows(records: Iterator[tuple[int, Record]], columns: Sequence[str]) -> Iterator[Row | BadLine]:
    """Yield every row that is not blank."""
    width = len(columns)
    for number, cells in records:
        if isinstance(cells, Refusal):
            yield BadLine(number, cells)
        elif any(each.strip() for each in cells[width:]):
            detail = f"this row has {len(cells)} cells, the header {width}"
            yield BadLine(number, Refusal("malformed", 400, detail))
        elif any(each.strip() for each in cells):
            yield Row(number, dict(zip(columns, cells, strict=False)))


def _objects(lines: Iterable[str]) -> Iterator[Row | BadLine]:
    """Yield every line of JSON Lines that is not blank."""
    for each in read_lines(lines):
        if isinstance(each, BadLine):
            yield each
        elif isinstance(each.event, dict):
            yield Row(each.number, each.event)
        else:
            yield BadLine(each.number, Refusal("malformed", 400, "this line is no JSON object"))


def _separator(header: str) -> str:
    """Return what stands between the cells of a header."""
    outside = QUOTED.sub("", header)
    return max(SEPARATORS, key=outside.count)


def _unreadable(detail: str) -> Refused:
    """Return the refusal of a whole file."""
    return Refused(Refusal("malformed", 400, f"this file cannot be read: {detail}"))
