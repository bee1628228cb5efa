"""Call histories are read as the vendor exports them, a row at a time, and every fault is told with its line."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import pytest

from producers.call_history import CallLine, OtherLine, read_calls
from producers.files import BadLine
from schema.discovery import find_products
from schema.errors import Refused
from schema.store.call_history import Call
from tests.producers.exports import HEADER, OURS, THEIRS, export, row

PRODUCTS = tuple(find_products().values())


def read(*rows: str, header: str = HEADER) -> list[CallLine | OtherLine | BadLine]:
    """Read an export with these rows."""
    return list(read_calls(export(*rows, header=header), PRODUCTS))


def call(text: str) -> Call:
    """Return the call that a row tells of."""
    (line,) = read(text)
    assert isinstance(line, CallLine), line
    return line.call


def faults(text: str) -> dict[str, str]:
    """Return what is wrong with a row."""
    (line,) = read(text)
    assert isinstance(line, BadLine), line
    return {each.pointer: each.detail for each in line.refusal.faults}


def test_ML_10_rows_of_the_mobile_network_are_calls_of_a_mobile_line() -> None:
    first, second, third = read(row("a"), row("b", mark="Mobile_Network"), row("c", mark=""))
    at = datetime(2026, 5, 29, 10, 0, 0, 500_000, tzinfo=UTC)
    assert first == CallLine(2, Call("a", "mobile_line", OURS, at, "outgoing", 72, True))  # noqa: FBT003
    assert isinstance(second, CallLine)
    assert third == OtherLine(4)


@pytest.mark.parametrize(
    ("direction", "calling", "called"),
    [("ORIGINATING", OURS, THEIRS), ("TERMINATING", THEIRS, OURS)],
)
def test_ML_10_a_user_with_an_extension_only_is_known_by_his_side_of_the_call(
    direction: str, calling: str, called: str
) -> None:
    given = {"direction": direction, "calling": calling, "called": called, "user": "2001"}
    assert call(row("a", **given)).e164 == OURS


def test_ML_10_a_number_may_be_written_with_spaces_and_a_time_with_its_offset() -> None:
    for text in ("+39 06 1234-5001", "0039 06 12345001", "tel:+39-06-1234-5001"):
        assert call(row("a", user=text)).e164 == OURS
    hours = [
        call(row("a", start=start)).began_at.hour
        for start in ("2026-05-29T10:00:00Z", "2026-05-29 10:00:00", "2026-05-29T12:00:00+02:00")
    ]
    assert hours == [10, 10, 10]


def test_ML_10_every_fault_of_a_row_is_told_at_once() -> None:
    told = faults(row("", start="yesterday", direction="UP", seconds="-1", answered="perhaps"))
    assert set(told) == {"/Report ID", "/Start time", "/Direction", "/Duration", "/Answered"}
    assert told["/Start time"] == "must be a time such as 2026-05-29T10:00:00.000Z"
    assert set(faults(row("a", user="2001", calling="2001"))) == {"/User number"}


@pytest.mark.parametrize("text", ["2026-13-29T10:00:00Z", "1716976800", "2026-05-29", ""])
def test_ML_10_a_time_that_is_none_is_told(text: str) -> None:
    assert set(faults(row("a", start=text))) == {"/Start time"}


def test_ML_10_a_bad_row_is_named_by_its_line_and_the_others_are_read() -> None:
    whole = row("a")
    lines = read(whole, "too,short", "", 'a"b,"c"d,', row("b"))
    assert [(type(each), each.number) for each in lines] == [
        (CallLine, 2), (BadLine, 3), (BadLine, 5), (CallLine, 6),
    ]  # fmt: skip


def test_ML_10_columns_are_found_by_name_whatever_comes_with_them() -> None:
    header = "\ufeff" + HEADER.upper().replace("START TIME", " Start  Time ") + ",New column"
    (line,) = read(f'{row("a")},"more, and\nmore"', header=header)
    assert isinstance(line, CallLine)
    assert (line.number, line.call.e164) == (3, OURS)


@pytest.mark.parametrize("header", ["", "a,b", HEADER.replace("Report ID", "Report"), '"a"b'])
def test_ML_10_a_file_that_is_no_call_history_is_refused_whole(header: str) -> None:
    with pytest.raises(Refused, match="this is no"):
        read(row("a"), header=header)


def test_ML_10_no_more_is_read_than_is_asked_for() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield f"{HEADER}\n".encode()
        while True:
            taken += 1
            yield f"{row('a')}\n".encode()

    assert len(list(islice(read_calls(endless(), PRODUCTS), 100))) == 100
    assert taken == 100
