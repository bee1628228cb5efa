"""Looks for secrets in whatever a system leaves behind, in every form in which they can be written (I8)."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote, quote_plus

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from schema.tables import metadata

#: The code in a mail about a deletion.
CODE = re.compile(rb"(?<![0-9])[0-9]{8}(?![0-9])")


@dataclass
class Haul:
    """All that was collected, by where it was found."""

    found: dict[str, bytes] = field(default_factory=dict)

    def add(self, where: str, what: bytes | str | object) -> None:
        """Add a thing: bytes and text as they are, anything else as JSON."""
        if not isinstance(what, bytes):
            text = what if isinstance(what, str) else json.dumps(what, default=str)
            what = text.encode()
        self.found[where] = self.found.get(where, b"") + what

    def leaks(self, secrets: Mapping[str, str]) -> list[str]:
        """Return which secret is told where, and in which form; never the secret itself."""
        return [
            f"{where} tells the {name} as {form}"
            for name, secret in secrets.items()
            for form, pattern in patterns(secret)
            for where, text in self.found.items()
            if pattern.search(text)
        ]


def patterns(secret: str) -> Iterator[tuple[str, re.Pattern[bytes]]]:
    """Yield what a secret looks like in each form; a number is one only where no other digit touches it."""
    forms = {
        "text": secret,
        "JSON": json.dumps(secret)[1:-1],
        "JSON with slashes": json.dumps(secret)[1:-1].replace("/", r"\/"),
        "URL": quote(secret, safe=""),
        "form": quote_plus(secret),
    }
    edges = ("(?<![0-9])", "(?![0-9])") if secret.isdigit() else ("", "")
    for name, form in forms.items():
        yield name, re.compile(re.escape(form).join(edges).encode())
    raw = secret.encode()
    yield "hex", re.compile(raw.hex().encode(), re.IGNORECASE)
    for offset in range(3):
        yield from _base64(raw, offset)


def _base64(raw: bytes, offset: int) -> Iterator[tuple[str, re.Pattern[bytes]]]:
    """Yield what bytes look like in base64 after so many others; what their neighbours change is left out."""
    first = (offset * 8 + 5) // 6
    last = (offset + len(raw)) * 8 // 6
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        encoded = encode(bytes(offset) + raw)[first:last]
        yield f"{name} {offset}", re.compile(re.escape(encoded))


def mails_in(directory: Path) -> list[EmailMessage]:
    """Return all mails that lie in a directory; one that is still being written has a hidden name."""
    files = [each for each in sorted(directory.glob("[!.]*")) if each.is_file()]
    return [message_from_bytes(each.read_bytes(), policy=default) for each in files]


def codes_in(mails: Iterable[EmailMessage]) -> list[str]:
    """Return the confirmation codes in mails, the oldest first."""
    texts = [mail.get_body(("plain",)) for mail in mails]
    found = [CODE.findall(text.get_content().encode()) for text in texts if text is not None]
    return list(dict.fromkeys(each.decode() for codes in found for each in codes))


def matching_ids(texts: bytes) -> list[str]:
    """Return the matching ids of activation codes in what a vendor keeps of them (SGP.22)."""
    found = re.findall(rb'"matchingId":"([0-9A-F-]+)"', texts)
    return sorted({each.decode() for each in found})


def tables_of(url: str) -> dict[str, bytes]:
    """Return every table of a PostgreSQL database as `COPY` writes it."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    found = {}
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        for table in metadata.sorted_tables:
            with cursor.copy(_copy(table.name)) as copy:
                found[table.name] = b"".join(bytes(each) for each in copy)
    return found


def _copy(table: str) -> sql.Composed:
    """Return the statement that writes a whole table out."""
    return sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
