"""The conclusion of a day: what all came to, a mail and a ticket, what was checked, and where to look next.

It is the end of the summary, and what the picture in the README shows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.day.ends import WORDS, End, end_of
from deploy.day.report import Report
from deploy.day.samples import WIDTH, mail_shown, panel, sample_ticket, ticket_shown
from deploy.day.script import UnusableScript
from deploy.display.screen import NAME
from deploy.display.words import clean, counted
from producers.intake import CustomerStored
from workers.simulator.person import NOTHING

#: How wide a picture is, in columns.
PICTURE = WIDTH + 4


def ends_of(report: Report) -> list[End]:
    """Return what became of each command, in the order in which they went in."""
    return [end for each in report.taken if (end := end_of(each, report.operations))]


def acts_of(report: Report) -> list[Mapping[str, Any]]:
    """Return what people did or wait for; who is said to do nothing does nothing."""
    return [each for each in report.people if each["does"] != NOTHING]


def conclusion(report: Report, called: str, *, is_boxed: bool) -> list[RenderableType]:
    """Return the conclusion; the program is `called` so."""
    return [
        *_counts(report, ends_of(report)),
        *_samples(report, called, is_boxed=is_boxed),
        *_checks(report),
        *_further(report, called),
    ]


def draw(report: Report, file: Path) -> None:
    """Write the conclusion as a picture, as it stands in a terminal; raise `UnusableScript`."""
    console = Console(
        record=True, file=StringIO(), width=PICTURE, force_terminal=True, highlight=False
    )
    console.print(*conclusion(report, NAME, is_boxed=True), sep="\n", markup=False)
    try:
        console.save_svg(str(file), title="make run", unique_id=NAME)
    except OSError as error:
        raise UnusableScript(f"--svg: {file} cannot be written: {error.strerror}") from error


def pairs(rows: Iterable[tuple[str | Text, str | Text]]) -> Table:
    """Return what stands side by side; what is too long goes on below itself."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _counts(report: Report, ends: Sequence[End]) -> Iterator[RenderableType]:
    """Say from when to when the day went, and how many commands came to what."""
    yield from _titled(f"{_moment(report.start)} to {_moment(report.end)}")
    customers = {
        each.answer.customer for each in report.taken if isinstance(each.answer, CustomerStored)
    }
    said = [f"{counted(len(ends), 'command')} for {counted(len(customers), 'customer')}"]
    if report.faults:
        said.append(f"{counted(report.faults, 'fault')} played by the platforms")
    if acts := acts_of(report):
        said.append(f"{counted(len(acts), 'thing')} done by people")
    yield from (Text(", ".join(said)), "")
    count = Counter(end.word for end in ends)
    for word, (told, style) in WORDS.items():
        if count[word]:
            yield Text.assemble((f"{count[word]:>5}  ", style), told)


def _samples(report: Report, called: str, *, is_boxed: bool) -> Iterator[RenderableType]:
    """Show one mail and one ticket, and say where the others are."""
    if report.mails and (letter := report.mails.sample):
        yield from _titled(report.mails.told)
        title = "one mail, whose code only its reader sees"
        yield panel(title, mail_shown(letter), is_boxed=is_boxed)
    if ticket := sample_ticket(report.tickets.values()):
        where = f"{counted(len(report.tickets), 'ticket')} in {called} tickets"
        yield from _titled(f"{where}, such as this one")
        yield panel(ticket.title, ticket_shown(ticket), is_boxed=is_boxed)


def _checks(report: Report) -> Iterator[RenderableType]:
    """Say whether everything is as it must be."""
    if not report.is_whole:
        yield from _titled("The day was stopped before its end; nothing was checked.")
        return
    if report.broken:
        yield from _titled("Broken: this must never be")
        yield from (Text.assemble("  ", (each, "bold red")) for each in report.broken)
        return
    yield from _titled("Checked against what the platforms did")
    yield "  every accepted command has one end or an open ticket"
    yield f"  {counted(report.effects, 'effect')}, none of them twice"
    yield "  one ticket where one is owed, none elsewhere"
    yield "  no history with a gap"


def _further(report: Report, called: str) -> Iterator[RenderableType]:
    """Say where to look next, as it can be pasted."""
    ends, unusual = ends_of(report), {"open", "parked", "failed", "late"}
    named = next((end.operation for end in ends if end.word in unusual), None)
    named = named or next((end.operation for end in ends if end.operation), None)
    rows = [("list", "every operation, newest first")]
    if named:
        rows.append((f"show {named}", "what happened to it, step by step"))
    if report.services:
        each = report.services[0]
        name = clean(f"{each.customer}/{each.reference}")
        rows.append((f"show {name}", "a service and what became of it"))
    if any(ticket.state == "open" for ticket in report.tickets.values()):
        rows.append(("tickets --open", "what somebody has to look into"))
    yield from _titled("Look further")
    yield pairs([(Text(f"  {called} {command}", "cyan"), told) for command, told in rows])


def _titled(text: str) -> tuple[RenderableType, ...]:
    """Return a title, apart from what stands above it."""
    return "", Text(text, "bold")


def _moment(when: datetime) -> str:
    """Return a moment with its weekday, to the second."""
    return f"{when.astimezone(UTC):%a %Y-%m-%d %H:%M:%S}Z"
