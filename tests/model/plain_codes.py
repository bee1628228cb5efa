"""Confirmation codes as the model knows them: mailed, counted, used (CP-5, CP-6)."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.model.plain_product import ROME

VALID = timedelta(hours=1)
MOST_WRONG = MOST_A_DAY = 5


@dataclass
class PlainCode:
    """The code of one deletion."""

    reference: str
    made_on: date
    wrong: int = 0
    used_at: datetime | None = None
    is_replaced: bool = False
    #: When the mail server took each copy.
    mailed: list[datetime] = field(default_factory=list)

    @property
    def expires_at(self) -> datetime | None:
        """When its hour is over, which begins with the last copy; None while there is none."""
        return max(self.mailed) + VALID if self.mailed else None

    def has_expired(self, now: datetime) -> bool:
        """Return whether its hour is over."""
        return self.expires_at is not None and now >= self.expires_at


@dataclass
class PlainCodes:
    """The codes, by the operation that each confirms."""

    codes: dict[int, PlainCode] = field(default_factory=dict)

    def may_have_another(self, reference: str, now: datetime) -> bool:
        """Return whether a service may have one more code today."""
        today = now.astimezone(ROME).date()
        made = [each for each in self.codes.values() if each.reference == reference]
        return sum(each.made_on == today for each in made) < MOST_A_DAY

    def make(self, operation: int, reference: str, now: datetime) -> None:
        """Note that an operation got a code."""
        self.codes[operation] = PlainCode(reference, now.astimezone(ROME).date())

    def confirm(self, operation: int, typed: int | None, now: datetime, *, has_ended: bool) -> str:
        """Return what a door owes somebody who types for an operation the code of another one, its own, or none."""
        code = self.codes.get(operation)
        if code is None:
            return "nothing_to_confirm"
        meant = self.codes.get(typed) if typed is not None else None
        is_older = typed != operation and meant is not None and meant.reference == code.reference
        for reason, holds in (
            ("code_used", code.used_at is not None),
            ("too_many_wrong_codes", code.wrong >= MOST_WRONG),
            ("code_older", is_older or code.is_replaced),
            ("code_expired", code.has_expired(now)),
            ("nothing_to_confirm", has_ended),
            ("code_not_sent", not code.mailed),
        ):
            if holds:
                return reason
        if typed == operation:
            code.used_at = now
            return "accepted"
        code.wrong += 1
        return "too_many_wrong_codes" if code.wrong >= MOST_WRONG else "wrong_code"
