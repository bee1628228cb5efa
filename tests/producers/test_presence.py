"""A process that leases nothing shows that it lives, as long as it does."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from producers.presence import API, Presence
from schema.store.leases import TakeOver
from schema.tables import worker
from tests.producers.relay.stage import Stage, wait_until

LENGTH = timedelta(seconds=0.6)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A database with a writer."""
    made = Stage(f"sqlite:///{tmp_path}/turnup.db")
    yield made
    made.close()


def rows(stage: Stage) -> list[tuple[int, str, int]]:
    """Return who shows that he lives, and how long for."""
    with stage.database.look() as connection:
        query = select(worker.c.id, worker.c.role, worker.c.lease_until)
        return [(row.id, row.role, row.lease_until) for row in connection.execute(query)]


def test_a_row_is_kept_while_it_lives_and_no_longer(stage: Stage) -> None:
    with Presence(stage.writer, API, LENGTH):
        wait_until(lambda: rows(stage))
        ((key, role, until),) = rows(stage)
        assert role == "api"
        wait_until(lambda: rows(stage)[0][2] > until + 600)
        assert stage.writer.store(TakeOver()).workers == ()
        assert rows(stage)[0][0] == key
    wait_until(lambda: not rows(stage))


def test_who_was_taken_for_dead_shows_again_that_he_lives(stage: Stage) -> None:
    with Presence(stage.writer, API, LENGTH):
        wait_until(lambda: rows(stage))
        stage.writer.store(TakeOver(all_of_them=True))
        wait_until(lambda: rows(stage))
