"""Pools and numbers as the model knows them: who has what is a set, and how many are left a difference (CO-11)."""

from dataclasses import dataclass, field


@dataclass
class PlainPool:
    """The entitlements and the telephone numbers of one customer, and the services that have them."""

    total: int = 0
    takers: set[str] = field(default_factory=set)
    #: Number -> service.
    numbers: dict[str, str] = field(default_factory=dict)

    def lacking(self, number: str | None) -> str | None:
        """Return what a new service would lack: an entitlement (ML-1), or its number."""
        if len(self.takers) >= self.total:
            return "no_entitlement"
        return "number_taken" if number in self.numbers else None

    def take(self, reference: str, number: str | None) -> None:
        """Give a new service an entitlement and its number."""
        self.takers.add(reference)
        if number is not None:
            self.numbers[number] = reference

    def give_back(self, reference: str) -> None:
        """Take back what a service had that is deleted now."""
        self.takers.discard(reference)
        self.numbers = {each: who for each, who in self.numbers.items() if who != reference}
