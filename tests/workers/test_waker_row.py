"""The row by which a waker shows that it looks."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from schema.errors import NotStored
from schema.store.leases import WAKER
from schema.store.writer import Writer
from tests.world.worker import SHORT
from tests.world.world import World
from workers.waker import Waker


class OnceFull:
    """A writer that the first records find full."""

    def __init__(self, inner: Writer) -> None:
        self._inner = inner
        self._refusals: list[Exception] = [NotStored("the disk is full")]

    def submit(self, records: Sequence[Any]) -> Any:
        """Refuse once, then do what the writer does."""
        if self._refusals:
            raise self._refusals.pop()
        return self._inner.submit(records)


def wakers(world: World) -> Sequence[Any]:
    """Return the rows of all wakers."""
    return world.rows.all("worker", role=WAKER)


def test_a_waker_whose_row_was_not_stored_stores_it_with_its_next_look(world: World) -> None:
    writer = cast("Writer", OnceFull(world.writer))
    waker = Waker(world.database, writer, world.products, lambda *_: None, SHORT)
    with pytest.raises(NotStored):
        waker.once()
    assert len(wakers(world)) == 0
    waker.once()
    assert len(wakers(world)) == 1
