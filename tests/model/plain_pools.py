"""Pools as the model knows them: who has what is a set, and how many are left a difference (CO-11)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

#: Kind and name of what only one service has at a time.
Thing = tuple[str, str]


@dataclass
class PlainPool:
    """The entitlements of one customer for a product, and the services that have them."""

    total: int = 0
    takers: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether a new service gets none (ML-1)."""
        return len(self.takers) >= self.total


@dataclass
class PlainThings:
    """What only one service has at a time, and the operation that may yet give it back (SD-4, SA-1, BU-3)."""

    takers: dict[Thing, tuple[str, int | None]] = field(default_factory=dict)

    def refusal(self, things: Iterable[Thing], reference: str) -> str | None:
        """Return why a service cannot have these."""
        free = {None, (reference, None)}
        taken = (thing[0] for thing in things if self.takers.get(thing) not in free)
        return next((f"{kind}_taken" for kind in taken), None)

    def take(self, things: Iterable[Thing], reference: str, key: int | None) -> None:
        """Note that a service takes these."""
        for thing in things:
            self.takers.setdefault(thing, (reference, key))

    def end(self, reference: str, key: int, *, is_kept: bool) -> None:
        """Note that an operation keeps what it took, in place of what its service had before, or gives it back."""
        mine = [thing for thing, taker in self.takers.items() if taker == (reference, key)]
        kinds = {thing[0] for thing in mine} if is_kept else set()
        had = {each for each, taker in self.takers.items() if taker == (reference, None)}
        for thing in [*mine, *(each for each in had if each[0] in kinds)]:
            del self.takers[thing]
        self.take(mine if is_kept else (), reference, None)

    def free(self, reference: str) -> None:
        """Note that a service is deleted."""
        self.takers = {each: taker for each, taker in self.takers.items() if taker[0] != reference}
