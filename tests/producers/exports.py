"""Call histories as the vendor exports them; the columns that matter stand among others."""

from collections.abc import Iterable

HEADER = (
    "Start time,Answer time,Duration,Calling number,Called number,User,Direction,Call type,Client type,"
    "Sub client type,Answered,Report ID,User number"
)

#: A line's number, and that of somebody else.
OURS, THEIRS = "+390612345001", "+4989123456"


def row(record: str, **changed: str) -> str:
    """Return an outgoing call of a line as one row, but for what is changed."""
    given = {
        "start": "2026-05-29T10:00:00.500Z",
        "seconds": "72",
        "calling": OURS,
        "called": THEIRS,
        "direction": "ORIGINATING",
        "mark": "MOBILE_NETWORK",
        "answered": "true",
        "user": OURS,
        **changed,
    }
    cells = (
        *(given["start"], "NA", given["seconds"], given["calling"], given["called"]),
        *('"Rossi, Maria"', given["direction"], "SIP_NATIONAL", "SIP", given["mark"]),
        *(given["answered"], record, given["user"]),
    )
    return ",".join(cells)


def export(*rows: str, header: str = HEADER) -> Iterable[bytes]:
    """Return the lines of a file with these rows."""
    text = "".join(f"{each}\n" for each in (header, *rows))
    return text.encode().splitlines(keepends=True)
