"""Purging takes what ended long ago and whatever belongs to it, and nothing that anybody still waits for."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from schema.store import purging
from schema.store.purging import KEPT, Purge, archived, windows
from schema.tables import metadata
from tests.world.world import World

YEAR = timedelta(days=365)

#: Names an operation in each table that has rows of it.
OWNED = {
    "operation": "id",
    "command": "id",
    "due": "operation_id",
    "ticket": "operation_id",
    "trouble": "operation_id",
    "delivery": "operation_id",
    "signal": "operation_id",
    "confirmation": "operation_id",
}


@pytest.fixture
def old(world: World) -> World:
    """A world in which a line was opened and renamed a year ago, and another opened just now."""
    world.submit("open")
    world.settle(timedelta(minutes=5))
    world.submit("rename")
    world.settle(timedelta(minutes=5))
    world.move_time(world.now + YEAR)
    world.submit("open", "two")
    world.settle(timedelta(minutes=5))
    world.do(lambda transaction: transaction.connection.execute(text(TICKET)))
    return world


TICKET = (
    "INSERT INTO ticket (id, operation_id, desk, severity, state, title, body, opened_at)"
    " VALUES (9, 1, 'support', 'low', 'resolved', 't', 'b', 0)"
)


def found(world: World, before: datetime) -> list[int]:
    """Return the operations that can go."""
    with world.database.look() as connection:
        return [key for window in windows(connection, before) for key in window.keys]


def run(world: World, statement: str) -> None:
    """Change something by hand."""
    world.do(lambda transaction: transaction.connection.execute(text(statement)))


def purge(world: World, keys: Sequence[int], before: datetime) -> list[int]:
    """Delete operations, as the command does."""
    gone: list[int] = world.writer.store(Purge(tuple(keys), before))
    return gone


def rows(world: World, table: str) -> set[int]:
    """Return whose rows a table has."""
    query = text(f"SELECT {OWNED[table]} FROM {table}")  # noqa: S608  our own names
    with world.database.look() as connection:
        return set(connection.execute(query).scalars())


def test_what_ended_before_goes_with_all_that_belongs_to_it(old: World) -> None:
    before = old.now - KEPT
    assert found(old, before) == [1, 2]
    assert purge(old, [1, 2], before) == [1, 2]
    assert all(not rows(old, table) & {1, 2} for table in OWNED)
    with old.database.look() as connection:
        kinds = connection.execute(text("SELECT DISTINCT kind, owner FROM history ORDER BY 1, 2"))
        services = (1, connection.execute(text("SELECT max(id) FROM service")).scalar_one())
        assert kinds.all() == [(0, 3), (1, 1), services]
    assert found(old, before) == []


def test_every_table_that_names_an_operation_is_known_here() -> None:
    named = {table.name for table in metadata.sorted_tables if "operation_id" in table.c}
    # A service's own, which stay with it; what it has names an operation only until that has ended.
    assert named - set(OWNED) == {"history", "secret", "number", "possession", "owner_turn"}


def test_what_has_not_ended_long_enough_ago_stays(old: World) -> None:
    assert found(old, old.now - YEAR - timedelta(days=1)) == []
    assert purge(old, [3], old.now + YEAR) == []
    assert 3 in rows(old, "command")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ticket SET state = 'open'",
        "UPDATE operation SET ended_at = NULL WHERE id = 1",
        "INSERT INTO outbox (partition, kind, owner, number) VALUES (1, 0, 1, 1)",
        (
            "INSERT INTO outbox (partition, kind, owner, number)"
            " SELECT 1, 1, owner, number FROM history WHERE kind = 1 AND operation_id = 1"
        ),
        (
            "INSERT INTO delivery (channel, cause, operation_id, service_id, template, recipient,"
            " language, facts, state, due_at)"
            " VALUES ('mail', 'x', 1, 1, 't', 'r', 'en', '{}', 'waiting', 0)"
        ),
    ],
)
def test_what_somebody_waits_for_stays_even_if_it_was_chosen_before(
    old: World, change: str
) -> None:
    before = old.now - KEPT
    run(old, change)
    assert found(old, before) == [2]
    assert purge(old, [1, 2], before) == [2]
    assert 1 in rows(old, "operation")


def test_a_key_is_known_for_a_while_whatever_is_asked(old: World) -> None:
    run(old, "UPDATE operation SET ended_at = ended_at + 300 * CAST(86400000 AS bigint)")
    assert set(found(old, old.now)) >= {1, 2}
    assert purge(old, [1, 2], old.now) == []


def test_a_walk_goes_on_where_a_window_ends(old: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "WINDOW", 1)
    with old.database.look() as connection:
        walked = [(each.last, each.keys) for each in windows(connection, old.now - KEPT)]
    assert walked == [(1, (1,)), (2, (2,)), (3, ())]


def test_an_archive_has_what_is_shown_of_an_operation(old: World) -> None:
    with old.database.look() as connection:
        first, second = archived(connection, [1, 2])
    assert (first.operation.id, second.operation.verb) == ("op_1", "rename")
    assert [line.number for line in first.history] == list(range(1, len(first.history) + 1))
    assert first.ticket is not None
    assert first.ticket.operation == "op_1"
    assert second.ticket is None


def test_the_same_command_is_new_once_its_operation_is_gone(old: World) -> None:
    before = old.now - KEPT
    purge(old, found(old, before), before)
    old.submit("rename")
    old.settle(timedelta(minutes=5))
    assert max(rows(old, "operation")) == 4
