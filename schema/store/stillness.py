"""Stillness: who has found nothing to do need not look again while nothing was written and no time has come.

Asking costs one short statement, whatever a look costs.
"""

import time
from math import inf

from schema.store.database import Database

#: A look is made so often at the least, in seconds: the database's clock may be set while ours runs on.
LONGEST = 5.0


def in_step(pause: float) -> float:
    """Return in how many seconds the host's clock shows a multiple of a pause; never more than that.

    Rows that show who lives are renewed then: each renewal makes everybody look anew, and so all together make it once.
    """
    return pause - time.time() % pause


class Stillness:
    """What one who looks again and again remembers of his last look; for one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found_at: str | None = None
        self._seen: str | None = None
        self._until = 0.0

    @property
    def left(self) -> float:
        """How long it lasts at the most, in seconds."""
        return self._until - time.monotonic()

    def lasts(self) -> bool:
        """Return whether a look would find nothing, as the last one did; raise `Unreachable`."""
        self._seen = self._database.snapshot()
        return self._seen == self._found_at and self.left > 0

    def note(self, seconds: float = inf) -> None:
        """Remember that a look after the last `lasts` found nothing, and that nothing is due for so many seconds."""
        self._found_at = self._seen
        self._until = time.monotonic() + min(seconds, LONGEST)

    def forget(self) -> None:
        """Look next time, whatever was written."""
        self._found_at = None
