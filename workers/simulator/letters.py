"""The mails that people get, read from the directory into which they were put."""

import email
import email.policy
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path

#: The header by which a mail names the operation that it is about, before the first colon.
CAUSE = "X-Turnup-Cause"


@dataclass(frozen=True)
class Letter:
    """A mail as its reader sees it."""

    name: str
    to: str
    sent_at: datetime
    operation: str
    subject: str
    text: str


def new_letters(directory: Path, known: Collection[str]) -> list[Letter]:
    """Read what is new in the directory, the oldest first; it may not be there yet."""
    new = sorted(path.name for path in directory.glob("*.eml") if path.name not in known)
    found = [read_letter(directory / name) for name in new]
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
