"""Deletes the outbox rows of confirmed events, in sets, without waiting for the database."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import Any

from schema.errors import NotStored
from schema.store.outbox import Sent
from schema.store.writer import Writer

#: Before rows are tried again that could not be deleted (the disk is full), in seconds.
RETRY = 1.0


class Deletions:
    """Confirmed events whose rows are still there; `forget` is told which are gone."""

    def __init__(self, writer: Writer, forget: Callable[[Iterable[int]], None]) -> None:
        self._writer = writer
        self._forget = forget
        self._confirmed: list[int] = []
        self._under_way: list[tuple[Future[list[Any]], list[int]]] = []
        self._starts_at = 0.0

    def __len__(self) -> int:
        """Return how many confirmed events still have a row."""
        return len(self._confirmed) + sum(len(ids) for _, ids in self._under_way)

    def add(self, ids: Iterable[int]) -> None:
        """Take confirmed events."""
        self._confirmed.extend(ids)

    def settle(self) -> None:
        """Forget what is deleted, and hand the writer what has been confirmed since."""
        still: list[tuple[Future[list[Any]], list[int]]] = []
        for future, ids in self._under_way:
            if not future.done():
                still.append((future, ids))
            elif isinstance(future.result()[0], NotStored):
                self._confirmed += ids
                self._starts_at = time.monotonic() + RETRY
            else:
                self._forget(ids)
        self._under_way = still
        if self._confirmed and time.monotonic() >= self._starts_at:
            ids, self._confirmed = self._confirmed, []
            self._under_way.append((self._writer.submit([Sent(tuple(ids))]), ids))

    def finish(self, seconds: float) -> None:
        """Wait until all is deleted, at most for this long; what stays is sent once more."""
        self.settle()
        wait([future for future, _ in self._under_way], timeout=seconds)
        self.settle()
