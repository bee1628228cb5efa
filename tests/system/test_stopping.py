"""A writer that is asked to end while records wait: found by workers that sometimes did not end."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schema.store.database import Database
from schema.store.transaction import Transaction
from schema.store.writer import Writer
from tests.world.databases import make_tables, stand_clock
from tests.world.world import START

#: How long ending may take, in seconds.
PATIENCE = 20


@dataclass(frozen=True)
class Slow:
    """A record that tells when it is being stored, and takes as long as it is told."""

    begun: threading.Event
    may_end: threading.Event

    @property
    def apply(self) -> Callable[[Transaction, Sequence["Slow"]], list[str]]:
        """Wait until it may end."""
        return self._apply

    def _apply(self, _: Transaction, records: Sequence["Slow"]) -> list[str]:
        self.begun.set()
        assert self.may_end.wait(PATIENCE)
        return ["stored" for _ in records]


def test_a_writer_that_is_asked_to_end_while_records_wait_stores_them_and_ends(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/writer.db"
    make_tables(url)
    database = Database(url)
    stand_clock(database, START)
    writer = Writer(database, {})
    writer.start()
    record = Slow(threading.Event(), threading.Event())
    first = writer.submit([record])
    assert record.begun.wait(PATIENCE)
    second = writer.submit([record])
    ending = threading.Thread(target=writer.stop, daemon=True)
    ending.start()
    record.may_end.set()
    ending.join(PATIENCE)
    assert not ending.is_alive()
    assert first.result(0) == second.result(0) == ["stored"]
    database.close()
