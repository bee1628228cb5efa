"""What `turnup doctor` says of one thing that it has looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; of a platform, its product."""

    what: str
    state: Literal["ok", "warning", "wrong"]
    told: str
    product: str | None = None


def without_contradictions(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings but for those that call a platform well of which another says what is wrong."""
    ill = {each.product for each in findings if each.state != "ok"} - {None}
    return [each for each in findings if each.state != "ok" or each.product not in ill]
