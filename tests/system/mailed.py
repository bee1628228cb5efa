"""The codes in the mails of a run, which nobody but their readers may see (I8)."""

import re
from collections.abc import Collection
from pathlib import Path

from workers.simulator.letters import new_letters

#: The matching id of an activation code, and a confirmation code.
CODE = re.compile(r"\b[0-9A-F]{5}(?:-[0-9A-F]{5}){3}\b|(?<![0-9])[0-9]{8}(?![0-9])")


def mailed_codes(directory: Path) -> frozenset[str]:
    """Return every code that was mailed."""
    return frozenset(
        code for each in new_letters((directory,), ()) for code in CODE.findall(each.text)
    )


def told_codes(text: str, codes: Collection[str]) -> set[str]:
    """Return which of these codes a text tells."""
    return set(CODE.findall(text)).intersection(codes)
