"""A mail as it goes out: plain and HTML side by side, pictures inside, files behind (RFC 2045, 2387, 3834)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape

from email_validator import validate_email

from workers.notices import Attachment, Worded

#: An address of the web in a text, up to what ends its sentence.
LINK = re.compile(r"https?://[^\s<>]*[^\s<>.,;:!?)]")

#: The header that says what a mail is sent for: with it, support finds the operation.
CAUSE = "X-Turnup-Cause"

PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
<body style="font-family: sans-serif; max-width: 40em; line-height: 1.4">
{body}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a mail is sent for and known by, from whom, for whom, in which language, when."""

    cause: str
    sender: str
    recipient: str
    language: str
    at: datetime

    @property
    def message_id(self) -> str:
        """The same for the same cause, so that a copy can be told from a second mail."""
        domain = parseaddr(self.sender)[1].partition("@")[2]
        return f"<{fingerprint(self.cause)}@{domain}>"


def fingerprint(cause: str) -> str:
    """Return what stands for a cause where little room is."""
    return hashlib.blake2b(cause.encode(), digest_size=16).hexdigest()


def mail_of(envelope: Envelope, words: Worded) -> EmailMessage:
    """Return the mail; raise `ValueError` for an address that is none."""
    mail = EmailMessage(policy=SMTP)
    name, address = parseaddr(envelope.sender)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = _address(envelope.recipient)
    mail["Subject"] = words.subject
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.message_id
    mail[CAUSE] = envelope.cause
    mail["Content-Language"] = envelope.language
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(words.text)
    _add_page(mail, envelope, words)
    for file in words.attachments:
        if not file.is_inline:
            mail.add_attachment(file.content, *_kind(file), filename=file.name)
    return mail


def _address(text: str) -> Address:
    """Return an address, its domain as all mail servers know it (RFC 5891); raise `ValueError` for what is none."""
    known = validate_email(text, check_deliverability=False).ascii_email
    if known is None:
        raise ValueError("no mail server need know it (RFC 6531)")
    try:
        return Address(addr_spec=known)
    except (IndexError, HeaderParseError) as error:
        raise ValueError("it is no address") from error


def _add_page(mail: EmailMessage, envelope: Envelope, words: Worded) -> None:
    """Add the same as HTML, with its pictures."""
    pictures = [file for file in words.attachments if file.is_inline]
    names = [f"{fingerprint(f'{envelope.cause} {file.name}')}@inline" for file in pictures]
    shown = [f'<p><img src="cid:{name}" alt="{escape(file.name)}"></p>'
             for name, file in zip(names, pictures, strict=True)]  # fmt: skip
    body = "\n".join([_html(words.text), *shown])
    mail.add_alternative(PAGE.format(language=envelope.language, body=body), subtype="html")
    page = mail.get_payload(1)
    for name, file in zip(names, pictures, strict=True):
        if isinstance(page, MIMEPart):
            main, sub = _kind(file)
            page.add_related(
                file.content, main, sub, cid=f"<{name}>", filename=file.name, disposition="inline"
            )


def _html(text: str) -> str:
    """Return paragraphs of text as HTML, addresses of the web as links."""
    shown = LINK.sub(r'<a href="\g<0>">\g<0></a>', escape(text.strip()))
    return "\n".join(
        f"<p>{part.strip().replace(chr(10), '<br>' + chr(10))}</p>"
        for part in re.split(r"\n\s*\n", shown)
    )


def _kind(file: Attachment) -> tuple[str, str]:
    """Return the two halves of a file's kind."""
    main, _, sub = file.kind.partition("/")
    return main, sub
