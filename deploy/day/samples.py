"""One mail and one ticket of a day, as whoever gets them sees them; but the code in a mail is its reader's alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from deploy.display.words import clean, counted, hanging, moment, spoken
from schema.views import Ticket
from workers.simulator.discovery import find_vendors
from workers.simulator.letters import Letter, new_letters
from workers.simulator.person import CONFIRMATION, deeds

#: A panel is at most so wide, and shows so many lines.
WIDTH, LINES = 88, 24

#: What stands for a part of a code.
MASK = "\N{BULLET}"


@dataclass(frozen=True, slots=True)
class Mails:
    """Where a day's mails are, how many, and one of them; and the same of its short messages."""

    directory: Path
    count: int
    sample: Letter | None
    messages: Path
    messages_count: int

    @property
    def told(self) -> str:
        """What there is, and where."""
        mails = f"{counted(self.count, 'mail')} in {self.directory}"
        if not self.messages_count:
            return mails
        return f"{mails}, {counted(self.messages_count, 'short message')} in {self.messages}"


def mails_in(directory: Path, messages: Path) -> Mails:
    """Return what was sent; the sample is the first mail with a code to confirm, or else the first."""
    found = new_letters((directory,), ())
    confirming = deeds({})["confirm"]
    chosen = [letter for letter in found if confirming.code_in(letter.text)]
    sample = next(iter([*chosen, *found]), None)
    return Mails(directory, len(found), sample, messages, len(new_letters((messages,), ())))


def sample_ticket(tickets: Iterable[Ticket]) -> Ticket | None:
    """Return the ticket about which most was said, the first of several."""
    return max(tickets, key=lambda each: len(each.comments), default=None)


def mail_shown(letter: Letter) -> Sequence[str]:
    """Return a mail as lines, without what its code says."""
    head = (f"To: {letter.to}", f"Date: {moment(letter.sent_at)}", f"Subject: {letter.subject}", "")
    return [clean(line) for line in (*head, *without_codes(letter.text).strip().splitlines())]


def ticket_shown(ticket: Ticket) -> Sequence[str]:
    """Return a ticket as lines, with all that was said."""
    resolved = f", resolved {moment(ticket.resolved_at)}" if ticket.resolved_at else ""
    head = (
        f"{spoken(ticket.desk)}, severity {ticket.severity}",
        f"opened {moment(ticket.opened_at)}{resolved}",
        "",
    )
    said = [f"{moment(each.at.astimezone(UTC))}  {each.body}" for each in ticket.comments]
    lines = (*head, *ticket.body.strip().splitlines(), "", *said)
    return [clean(line) for line in lines]


def panel(title: str, lines: Sequence[str], *, is_boxed: bool) -> RenderableType:
    """Return lines in a box, or below their title where no terminal draws one."""
    shown = [*lines[:LINES], *(["..."] if len(lines) > LINES else [])]
    if is_boxed:
        return Panel(hanging(shown), title=clean(title), title_align="left", width=WIDTH)
    return Text("\n".join([title, *(f"  {line}".rstrip() for line in shown)]))


def without_codes(text: str) -> str:
    """Return the text of a mail without any part of a code that somebody could use."""
    patterns = {
        CONFIRMATION,
        *(deed.reads for deed in deeds(find_vendors()).values() if deed.reads),
    }
    for pattern in patterns:
        for part in _parts(pattern, text):
            text = text.replace(part, MASK * len(part))
    return text


def _parts(pattern: str, text: str) -> list[str]:
    """Return what a code in a text consists of, the longest part first; an activation code has three."""
    found = [match.group(1) for match in re.finditer(pattern, text)]
    return sorted({part for code in found for part in (code, *code.split("$")[1:])}, key=len)[::-1]
