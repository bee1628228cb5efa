"""Notices: what a mail or a short message of a product says, in which languages, and what is attached to it.

A product lists its own in `workers/products/<product>/notices.py`, as `NOTICES` by the name that a step's `Notice`
asks for. Texts stand for what is filled in while sending: secrets are opened only then (CO-4).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import segno

#: The language of whoever speaks none that a notice is written in.
FALLBACK = "en"

#: What stands for the code that confirms an operation: no secret of the service but derived, never stored (CP-6).
CONFIRMATION_CODE = "confirmation_code"

#: What a notice says instead of a fact that nobody knows: it is better than no notice.
UNKNOWN = "(?)"

#: How many dots a module of a QR code is wide in PNG.
SCALE = 8

#: What a value may not bring into a mail: line breaks, and what cannot be seen.
UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")

#: What the placeholders of a notice stand for.
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail; a picture that is `inline` is shown below its text."""

    name: str
    kind: str
    content: bytes
    is_inline: bool = False


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What a notice says by language (`en` at least), with `{placeholders}`, and what goes with it.

    The placeholders are the facts of the notice, else of its service; `{customer}`, `{service}`, `{reference}` and
    `{operation}`; the service's secrets that `opens` names, of which each has to be valid, and `confirmation_code` if
    it names that; and what `derives` makes of all these. `attach` gets the same. Neither may block for long:
    they run on a thread.
    A short message has no subject and no attachments, and says `short` where that is given.
    """

    subject: Mapping[str, str]
    text: Mapping[str, str]
    opens: tuple[str, ...] = ()
    derives: Callable[[Values], Values] | None = None
    attach: Callable[[Values], Sequence[Attachment]] | None = None
    short: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Worded:
    """A notice in the words that its reader gets."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    short: str = ""


def worded(notice: NoticeText, language: str, given: Mapping[str, object]) -> Worded:
    """Return a notice in a language; a fact that an older version did not store with it is told as unknown."""
    values = defaultdict(lambda: UNKNOWN, {name: _seen(each) for name, each in given.items()})
    if notice.derives:
        values |= {name: _seen(value) for name, value in notice.derives(values).items()}
    attachments = tuple(notice.attach(values)) if notice.attach else ()
    texts = (notice.subject, notice.text, notice.short or notice.text)
    subject, text, short = (_in(each, language).format_map(values) for each in texts)
    return Worded(subject, text, attachments, short)


def qr_code(says: str, name: str = "qr-code") -> tuple[Attachment, ...]:
    """Return a QR code as a picture in the mail, and as files to keep: PNG and SVG (ML-2)."""
    drawn = segno.make(says, error="m", micro=False)
    png, svg = BytesIO(), BytesIO()
    drawn.save(png, kind="png", scale=SCALE)
    drawn.save(svg, kind="svg", scale=SCALE)
    return (
        Attachment(f"{name}.png", "image/png", png.getvalue(), is_inline=True),
        Attachment(f"{name}.png", "image/png", png.getvalue()),
        Attachment(f"{name}.svg", "image/svg+xml", svg.getvalue()),
    )


def _in(texts: Mapping[str, str], language: str) -> str:
    """Return the text in a language, or in the one that everybody gets else."""
    return texts.get(language) or texts[FALLBACK]


def _seen(value: object) -> str:
    """Return a value on one line: a name brings no header, paragraph or invisible sign into a mail."""
    return UNSEEN.sub(" ", str(value)).strip()
