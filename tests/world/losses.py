"""Faults of the database: a commit that happens and whose answer is lost, and a full disk."""

from collections.abc import Sequence
from typing import Any

import pytest

from schema.store.transaction import Transaction
from tests.world.world import World

#: What a driver says when the server goes away in the middle of an answer.
GONE = "server closed the connection unexpectedly"


class LostReply:
    """Loses the answer to the next commit that holds a record of a kind."""

    def __init__(self, world: World, kind: type[Any], patch: pytest.MonkeyPatch) -> None:
        self.is_lost = False
        self._is_meant = False
        self._apply = kind.apply
        self._dialect = world.database.writing.dialect
        self._commit = self._dialect.do_commit
        patch.setattr(kind, "apply", staticmethod(self._applied))
        patch.setattr(self._dialect, "do_commit", self._committed)

    def _applied(self, transaction: Transaction, records: Sequence[Any]) -> Sequence[Any]:
        """Apply as ever, and see that this is the transaction that is meant."""
        self._is_meant = not self.is_lost
        answers: Sequence[Any] = self._apply(transaction, records)
        return answers

    def _committed(self, connection: Any) -> None:
        """Commit, and lose the answer once."""
        self._commit(connection)
        if self._is_meant:
            self._is_meant, self.is_lost = False, True
            raise self._dialect.loaded_dbapi.OperationalError(GONE)


def fill_up(world: World) -> None:
    """Leave a SQLite database no room for another page."""
    world.do(lambda transaction: _limit(transaction, 0))


def make_room(world: World) -> None:
    """Give a SQLite database room again."""
    world.do(lambda transaction: _limit(transaction, 1_000_000))


def _limit(transaction: Transaction, pages: int) -> None:
    """Set how many pages a database may have; it is never fewer than it has."""
    transaction.connection.exec_driver_sql(f"PRAGMA max_page_count={pages or 1}")
