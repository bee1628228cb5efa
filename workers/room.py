"""A product's room in a worker: what was offered, what is in flight, and how much more fits in.

Who stands first in his offer goes first, then the second of each offer, and so on. So a single command goes before the
rest of a bulk; and as the waker names customers in turn, none waits for more than a few operations of another.
"""

from collections.abc import Iterable, Sequence
from heapq import nlargest


class Room:
    """The share of one product, so that a slow one never takes the place of another."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.in_flight: set[int] = set()
        self.is_claiming = False
        self._claimed: tuple[int, ...] = ()
        #: Where each stands in its offer, or stood in an earlier one.
        self._offered: dict[int, int] = {}
        self._again: set[int] = set()

    def note(self, operations: Iterable[int]) -> None:
        """Remember what was offered: up to twice the room; the rest, and what stands last, is offered again later.

        What is in flight just now is looked at again when it has been recorded.
        """
        for place, key in enumerate(operations):
            if key in self.in_flight:
                self._again.add(key)
            else:
                self._offered[key] = min(place, self._offered.get(key, place))
        if (beyond := len(self._offered) - 2 * self.size) > 0:
            for key in nlargest(beyond, reversed(self._offered), key=self._offered.__getitem__):
                del self._offered[key]

    def wants(self) -> bool:
        """Whether there is something to claim, and a place for it, and nobody is at it."""
        return bool(self._offered) and len(self.in_flight) < self.size and not self.is_claiming

    def next_to_claim(self, most: int) -> tuple[int, ...]:
        """Return the operations to claim next, as many as fit in; each has its place from now on.

        One that is offered while its claim is under way would else be claimed twice, and count as a second try.
        """
        fitting = min(most, self.size - len(self.in_flight))
        chosen = tuple(sorted(self._offered, key=self._offered.__getitem__)[:fitting])
        for key in chosen:
            del self._offered[key]
        self._claimed = chosen
        self.in_flight.update(chosen)
        return chosen

    def enter(self, operations: Sequence[int]) -> None:
        """Keep the places of the operations that the claim got, and free those of the others."""
        for key in set(self._claimed) - set(operations):
            self.leave(key, again=False)
        self._again.difference_update(operations)  # the claim saw what they were offered for

    def leave(self, operation: int, *, again: bool) -> None:
        """Free a place; an operation that was offered meanwhile, or has news, is looked at again."""
        self.in_flight.discard(operation)
        if again or operation in self._again:
            self._again.discard(operation)
            self._offered[operation] = 0
