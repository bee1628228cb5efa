"""Activation codes and phones as the model knows them: one code works at a time, old news is none (ML-4 to ML-6)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class PlainActivation:
    """One activation code: of which profile, until when, how it stands, and whether it was shown."""

    key: int
    operation: int
    expires_at: datetime
    profile: str | None = None
    state: str = "valid"
    is_revealed: bool = False


@dataclass
class PlainPhone:
    """The codes of one line, the oldest first, and the last that was heard of its phone."""

    codes: list[PlainActivation] = field(default_factory=list)
    heard: tuple[str | None, int] = (None, 0)

    def make(self, code: PlainActivation) -> None:
        """Note a new code; every earlier one is invalid now (ML-5)."""
        self.set_all("replaced")
        self.codes.append(code)

    def set_all(self, state: str) -> None:
        """Let every code that works be so no longer."""
        for each in self.codes:
            each.state = state if each.state == "valid" else each.state

    @property
    def profile(self) -> str | None:
        """The profile that the line has now."""
        return self.codes[-1].profile if self.codes else None

    def stands(self, now: datetime) -> str:
        """Return how the newest code stands."""
        if not self.codes:
            return "missing"
        newest = self.codes[-1]
        is_over = newest.state == "valid" and now >= newest.expires_at
        return "expired" if is_over else newest.state

    def is_news(self, facts: Mapping[str, Any], of: str, mine: str | None) -> bool:
        """Return whether something told is `of` what is mine, and newer than all before (ML-6); note it."""
        told, sequence = facts.get(of), int(facts.get("sequence", 0))
        if told != mine or (self.heard[0] == told and sequence <= self.heard[1]):
            return False
        self.heard = (mine, sequence)
        return True

    def reveal(self, now: datetime) -> str:
        """Return what is owed to an Admin who wants to see the code (ML-3)."""
        if not self.codes:
            return "no_such_secret"
        if self.codes[-1].is_revealed:
            return "already_revealed"
        if self.stands(now) != "valid":
            return "secret_not_valid"
        self.codes[-1].is_revealed = True
        return "shown"
