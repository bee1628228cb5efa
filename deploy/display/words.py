"""The words and colours that every command uses for the same thing: states, moments, lengths."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schema.telephone import as_written
from schema.views import Paused

#: One colour for one state, whatever is in it: an operation, a ticket, a worker or a check.
STYLES = {
    "accepted": "cyan",
    "running": "blue",
    "waiting": "yellow",
    "parked": "bold yellow",
    "succeeded": "green",
    "failed": "bold red",
    "cancelled": "magenta",
    "cancelling": "magenta",
    "overdue": "bold red",
    "open": "red",
    "resolved": "green",
    "high": "bold red",
    "low": "dim",
    "refused": "bold red",
    "repeated": "dim",
    "planned": "dim",
    "stored": "green",
    "unchanged": "dim",
    "ok": "green",
    "warning": "yellow",
    "wrong": "bold red",
}

#: Largest first; a length is said with two of them at most.
UNITS = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
)

#: What stands before the text of a line: a bullet, an indent, or what it is about.
BEFORE = re.compile(r"- |  +|[A-Z][a-z]+(?: [a-z]+)?: +")

CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def state(word: str) -> Text:
    """Return a state in its colour."""
    return Text(word, STYLES.get(word, ""))


def moment(when: datetime | None) -> str:
    """Return a moment in UTC, to the second."""
    return "" if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"


def hinted(when: datetime, now: datetime) -> Text:
    """Return a moment with how far away it is."""
    return Text.assemble(moment(when), "  ", (relative(when, now), "dim"))


def relative(when: datetime, now: datetime) -> str:
    """Return how long ago a moment was, or in how long it comes."""
    if abs(when - now) < timedelta(seconds=1):
        return "now"
    return f"{length(now - when)} ago" if when < now else f"in {length(when - now)}"


def briefly(when: datetime, now: datetime) -> str:
    """Return the same in one unit, for columns: `1d ago` for 23h 52m."""
    told = _in_one_unit(abs(when - now))
    if told == "0s":
        return "now"
    return f"{told} ago" if when < now else f"in {told}"


def _in_one_unit(span: timedelta) -> str:
    """Return a length of time in the unit in which it is rounded to one or more."""
    for (name, unit), (_, larger) in pairwise(reversed(UNITS)):
        count = round(span / unit)
        if count * unit < larger:
            return f"{count}{name}"
    name, unit = UNITS[0]
    return f"{round(span / unit)}{name}"


def length(span: timedelta) -> str:
    """Return a length of time in its two largest units, such as 2d 4h or 350ms."""
    if span < timedelta(seconds=1):
        return f"{span // timedelta(milliseconds=1)}ms"
    parts = []
    span = timedelta(seconds=round(span.total_seconds()))
    for name, unit in UNITS:
        count, span = divmod(span, unit)
        parts.append((count, name))
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{name}" for count, name in parts[first : first + 2] if count)


def spoken(what: str) -> str:
    """Return a word for programs as people say it."""
    return what.replace("_", " ")


def since_when(product: str, pause: Paused) -> str:
    """Return since when a product is paused, by whom and why, and how it goes on."""
    why = f": {clean(pause.why)}" if pause.why else ""
    told = f"since {moment(pause.since)} by {clean(pause.by)}{why}"
    return f"{told}; deadlines go on: turnup resume {product}"


def plainly(value: object, country: str | None = None) -> str:
    """Return what is known of a service as people of a country read it, whatever its shape."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Mapping():
            named = ((spoken(str(name)), each) for name, each in value.items() if each is not None)
            return ", ".join(f"{name} {plainly(each, country)}" for name, each in named)
        case list() | tuple():
            return "; ".join(plainly(each, country) for each in value) or "none"
        case _:
            return as_written(str(value), country)


def counted(count: int, noun: str) -> str:
    """Return how many of something there are."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def hanging(lines: Iterable[str]) -> RenderableType:
    """Return lines that go on below their own text where they are too long."""
    return Group(*map(_hanging, lines))


def _hanging(line: str) -> RenderableType:
    """Return one line."""
    found = BEFORE.match(line)
    if found is None:
        return Text(line)
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column()
    row.add_row(Text(found[0]), Text(line[found.end() :]))
    return row


def clean(text: str) -> str:
    """Return text from outside without what would command the terminal; line ends stay."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)
