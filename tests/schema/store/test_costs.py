"""What a transaction asks and writes: nothing that cannot be there, and what only grows once for all its records."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from schema.store.acceptance import Accept
from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.journal import News, Recorded
from schema.store.order import Accepted
from schema.store.transaction import Line
from tests.world.databases import is_postgresql
from tests.world.world import World


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Give the statements that are run for writers meanwhile, without the quotes of names."""
    run: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        run.append(statement.replace('"', ""))

    event.listen(database.writing, "before_cursor_execute", note)
    try:
        yield run
    finally:
        event.remove(database.writing, "before_cursor_execute", note)


def begin(world: World, operation: int) -> Recorded:
    """Claim an operation, and return the record with which its first step has learned something."""
    (claimed,) = world.writer.store(Claim(world.workers[0].key, (operation,)))
    line = Line("step_done", "worker", step="reserve_place", facts='{"place": 7}')
    counted = (claimed.epoch, claimed.turn + 1)
    return Recorded(operation, claimed.owner, *counted, "running", "open_line", (line,), keeps=True)


def test_a_first_claim_asks_nothing_that_only_a_begun_operation_has(world: World) -> None:
    operation = world.submit("open")
    with statements(world.database) as run:
        world.writer.store(Claim(world.workers[0].key, (operation,)))
    asked = " ".join(run)
    assert "FROM operation" in asked
    for table in ("history", "signal", "delivery", "customer"):
        assert f"FROM {table}" not in asked
    assert not any("FROM secret" in each for each in run if "FROM operation" not in each)


def test_commands_accepted_together_cost_no_more_statements_than_one(world: World) -> None:
    named = [f"new-{number}" for number in range(9)]
    asked = []
    for names in (named[:1], named[1:]):
        orders = [world.order("open", name, event_id=name) for name in names]
        with statements(world.database) as run:
            answers = world.writer.submit([Accept((each,)) for each in orders]).result()
        assert all(isinstance(each, Accepted) for (each,) in answers)
        asked.append(run)
    assert [each.split()[0] for each in asked[0]] == [each.split()[0] for each in asked[1]]
    if is_postgresql(world.database):
        assert len([each for each in asked[0] if "INSERT" in each]) == 3
        assert len(asked[0]) <= 8


def test_a_group_of_many_kinds_writes_history_and_counts_once(world: World) -> None:
    first, second = world.submit("open"), world.submit("open", "two")
    records: list[Any] = [begin(world, first), begin(world, second)]
    records[1] = records[1]._replace(keeps=False, retried="transient")
    records.append(Accept((world.order("open", "three"),)))
    with statements(world.database) as run:
        world.writer.submit(records).result()
    for table in ("history", "tally"):
        assert len([each for each in run if f"INSERT INTO {table} " in each]) == 1


def test_a_claim_knows_what_a_record_of_its_own_group_has_learned(world: World) -> None:
    operation = world.submit("open")
    record = begin(world, operation)
    waits = record._replace(state="waiting", keeps=False, wake_at=world.now)
    claim = Claim(world.workers[0].key, (operation,))
    news, (claimed,) = world.writer.submit([waits, claim]).result()
    assert isinstance(news, News)
    assert claimed.facts == {"reserve_place": '{"place": 7}'}
