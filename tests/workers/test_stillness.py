"""Who has found nothing to do asks only whether anything was written, until something was or a time has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from schema.store.database import Database
from schema.store.stillness import Stillness, in_step
from tests.world.world import World
from workers.lease import LeaseTerms
from workers.waker import Waker


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Give the statements that are run meanwhile, but for those that ask for a snapshot."""
    run: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        run.append(statement)

    engines = database.reading, database.writing
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield run
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def look(world: World) -> None:
    """Let waker and courier look."""
    world.waker.once()
    world.loop.run_until_complete(world.workers[0].courier.once())


def test_idle_looks_run_no_statement(world: World) -> None:
    world.submit("open")
    world.settle()
    look(world)
    with statements(world.database) as run:
        for _ in range(5):
            look(world)
    assert run == []


def test_what_is_written_is_found_by_the_next_look(world: World) -> None:
    world.settle()
    look(world)
    operation = world.submit("open")
    with statements(world.database) as run:
        look(world)
    assert run
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"


def test_a_snapshot_changes_with_what_others_write_and_with_nothing_else(world: World) -> None:
    before = world.database.snapshot()
    assert world.quiet.is_quiet
    assert world.database.snapshot() == before
    world.submit("open")
    assert world.database.snapshot() != before


def test_a_snapshot_of_a_new_connection_has_a_name_of_its_own(world: World) -> None:
    """What SQLite counts begins anew with each connection, and others may have written meanwhile."""
    names = [world.database.snapshot()]
    for _ in range(3):
        world.database._let_go()  # noqa: SLF001  as after a database that did not answer
        world.submit("open", f"line{len(names)}")
        names.append(world.database.snapshot())
    assert len({*names}) == len(names)


def test_stillness_ends_when_a_time_comes_and_when_it_is_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("schema.store.stillness.time.monotonic", lambda: now)
    stillness = Stillness(world.database)
    assert not stillness.lasts()
    stillness.note(3.0)
    now += 2.9
    assert stillness.lasts()
    now += 0.1
    assert not stillness.lasts()
    stillness.note()
    assert stillness.lasts()
    now += 5.0
    assert not stillness.lasts()
    stillness.note()
    stillness.forget()
    assert not stillness.lasts()


def test_who_shows_that_he_lives_does_so_when_everybody_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A renewed row makes everybody look anew, so that each by itself would cost as many looks as there are rows."""
    monkeypatch.setattr("schema.store.stillness.time.time", lambda: 1_003.75)
    assert in_step(5.0) == 1.25
    assert in_step(0.5) == 0.25
    terms = LeaseTerms(length=timedelta(seconds=0.9), call=timedelta(0), settle=timedelta(0))
    waker = Waker(world.database, world.writer, world.products, lambda *_: None, terms)
    now = 1_000.0
    monkeypatch.setattr("workers.waker.time.monotonic", lambda: now)
    waker.once()
    left = waker.once()
    assert 0 < left < 0.1
    now += left
    before = world.database.snapshot()
    waker.once()
    assert world.database.snapshot() != before
