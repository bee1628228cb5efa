"""The mails and short messages that people get, read from the directories into which they were put."""

import email
import email.policy
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

#: The header by which a mail names the operation that it is about, before the first colon.
CAUSE = "X-Turnup-Cause"

#: What files of mails and of short messages end in.
KINDS = frozenset({".eml", ".sms"})


@dataclass(frozen=True)
class Letter:
    """A mail or a short message as its reader sees it."""

    name: str
    to: str
    sent_at: datetime
    operation: str
    subject: str
    text: str


def new_letters(places: Iterable[Path], known: Collection[str]) -> list[Letter]:
    """Read what is new in directories, the oldest first; they may not be there yet."""
    files = [path for place in places for path in place.glob("*.*")]
    new = [path for path in files if path.suffix in KINDS and path.name not in known]
    found = [read_letter(path) for path in new]
    return sorted(found, key=lambda letter: (letter.sent_at, letter.name))


def read_letter(path: Path) -> Letter:
    """Read one mail: its plain text, decoded."""
    parsed = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    plain = parsed.get_body(("plain",))
    text = plain.get_content() if plain is not None else ""
    to = getaddresses([str(parsed["To"])])[0][1]
    sent_at = parsedate_to_datetime(str(parsed["Date"])).astimezone(UTC)
    operation = str(parsed[CAUSE]).partition(":")[0]
    return Letter(path.name, to, sent_at, operation, str(parsed["Subject"]), str(text))
