"""Pools as the model knows them: who has what is a set, and how many are left a difference (CO-11)."""

from dataclasses import dataclass, field


@dataclass
class PlainPool:
    """The entitlements of one customer for a product, and the services that have them."""

    total: int = 0
    takers: set[str] = field(default_factory=set)

    @property
    def is_empty(self) -> bool:
        """Whether a new service gets none (ML-1)."""
        return len(self.takers) >= self.total
