"""The writer: groups, refusals that stay alone, and answers for everybody."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import Table, update
from sqlalchemy.exc import DBAPIError

import schema.store.database
import schema.store.writer
from schema import tables
from schema.errors import NotStored, NotTaken
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.leases import Boot
from schema.store.signals import StoreSignal
from schema.store.transaction import Transaction
from schema.store.writer import Record, Writer, wait_for
from tests.world.points import PATIENCE
from tests.world.world import START, Do, World

#: What no column takes that must have something.
NOTHING: Any = None

#: By these a connection notices that nobody is at its other end.
NOTICES = {
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def signals(count: int, bad: int = -1) -> list[StoreSignal]:
    """Return a batch of signals, one of which no database takes."""
    return [
        StoreSignal("sample", f"evt-{n}", NOTHING if n == bad else "told", START)
        for n in range(count)
    ]


@contextmanager
def occupied(world: World) -> Iterator[None]:
    """Keep the writer at another record while the block runs."""
    begun, may_end = threading.Event(), threading.Event()

    def occupy(_: Transaction) -> None:
        begun.set()
        assert may_end.wait(PATIENCE)

    done = world.writer.submit([Do(occupy)])
    assert begun.wait(PATIENCE)
    try:
        yield
    finally:
        may_end.set()
        done.result(PATIENCE)


def stored(world: World) -> int:
    """Return how many signals are stored once everything that waits has been looked at."""
    world.do(lambda _: None)
    return len(world.rows.all("signal"))


@pytest.mark.parametrize("bad", [0, 100, 249])
def test_I9_one_bad_record_in_a_batch_of_250_fails_alone(world: World, bad: int) -> None:
    answers = world.writer.submit(signals(250, bad)).result(PATIENCE)
    assert [n for n, each in enumerate(answers) if isinstance(each, NotStored)] == [bad]
    assert len(world.rows.all("signal")) == 249


def test_a_record_without_its_values_is_told_in_the_refusal(world: World) -> None:
    (answer,) = world.writer.submit(signals(1, bad=0)).result(PATIENCE)
    assert isinstance(answer, NotStored)
    assert "evt-0" not in str(answer).split("DETAIL")[0]


def test_a_bug_in_one_kind_of_record_does_not_touch_the_others(world: World) -> None:
    def fail(transaction: Transaction) -> None:
        raise LookupError("nothing has that name")

    records: list[Record] = [Do(fail), *signals(3)]
    answers = world.writer.submit(records).result(PATIENCE)
    assert isinstance(answers[0], NotStored)
    assert answers[1:] == [None, None, None]
    assert len(world.rows.all("signal")) == 3


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_I1_two_transactions_that_wait_for_each_other_are_both_stored(world: World) -> None:
    operation = world.submit("open")
    meeting = threading.Barrier(2)

    def lock(transaction: Transaction, *tables: Table) -> None:
        for table in tables:
            changed = update(table).where(table.c.id == table.c.id)
            transaction.connection.execute(changed.values(number=table.c.number + 1))
            with suppress(threading.BrokenBarrierError):  # once they have met, and one comes again
                meeting.wait(0.5)

    database = Database(world.database.url.render_as_string(hide_password=False))
    other = Writer(database, world.products)
    other.start()
    first = world.writer.submit([Do(lambda each: lock(each, tables.operation, tables.service))])
    second = other.submit([Do(lambda each: lock(each, tables.service, tables.operation))])
    assert first.result(PATIENCE) == second.result(PATIENCE) == [None]
    other.stop()
    database.close()
    assert "deadlock_repeated" in [each["event"] for each in world.logs]
    assert world.rows.operation(operation)["number"] == world.rows.service()["number"] == 3


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_I1_who_is_frozen_before_his_commit_holds_up_nobody_and_stores_it_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = world.submit("open")
    connects = schema.store.database.POSTGRESQL_CONNECTS
    sooner = str(connects["options"]).replace("timeout=3s", "timeout=300ms")
    monkeypatch.setitem(connects, "options", sooner)
    database = Database(world.database.url.render_as_string(hide_password=False))
    frozen = Writer(database, world.products)
    frozen.start()
    worker = frozen.store(Boot("worker", "frozen", {"sample": 8}, timedelta(minutes=5)))
    begun, may_go_on = threading.Event(), threading.Event()

    def freeze(transaction: Transaction) -> list[list[Claimed]]:
        taken = Claim.apply(transaction, [Claim(worker, (operation,))])
        begun.set()
        assert may_go_on.wait(PATIENCE)
        return taken

    claimed = frozen.submit([Do(freeze)])
    assert begun.wait(PATIENCE)
    world.move_time(timedelta(days=5))
    world.until(lambda: bool(world.rows.tickets(operation)))
    may_go_on.set()
    assert claimed.result(PATIENCE) == [[[]]]
    frozen.stop()
    database.close()
    assert "database_gone" in [each["event"] for each in world.logs]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("engine", ["writing", "reading"])
def test_a_server_that_is_gone_without_a_word_is_noticed(world: World, engine: str) -> None:
    with getattr(world.database, engine).connect() as connection:
        raw = connection.connection.dbapi_connection
        of_ours = raw.info.get_parameters()
        asked = "SELECT setting FROM pg_settings WHERE name ~ '^tcp_keepalives' ORDER BY name"
        of_theirs = connection.exec_driver_sql(asked).scalars().all()
    assert of_ours.items() >= NOTICES.items()
    assert of_theirs == ["3", "5", "2"]


def test_I1_no_record_is_refused_for_being_in_anothers_way_again_and_again(world: World) -> None:
    times = iter(range(3 * schema.store.writer.CLASHES))

    def meet(_: Transaction) -> str:
        for _each in times:
            raise DBAPIError("UPDATE", {}, errors.DeadlockDetected())
        return "stored"

    assert world.do(meet) == "stored"


def test_what_comes_after_the_end_is_refused(world: World) -> None:
    world.writer.stop()
    with pytest.raises(NotStored):
        world.writer.store(signals(1)[0])


def test_each_gets_the_answer_of_his_own_record(world: World) -> None:
    operation = world.submit("open")
    told = [
        StoreSignal("sample", "a", "told", START, reference=f"op_{operation}"),
        StoreSignal("sample", "b", "told", START + timedelta(seconds=1), reference="op_zzz"),
    ]
    assert world.writer.submit(told).result(PATIENCE) == [operation, None]


def test_what_nobody_waits_for_any_more_is_dropped_when_it_is_taken(world: World) -> None:
    with occupied(world):
        given_up = world.writer.submit(signals(1))
        with pytest.raises(TimeoutError):
            wait_for(given_up, 0)
        assert given_up.cancelled()
    assert stored(world) == 0
    world.writer.store(signals(1)[0])
    assert stored(world) == 1


def test_what_has_been_taken_is_carried_out_though_nobody_waits(world: World) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def occupy(_: Transaction) -> None:
        begun.set()
        assert may_end.wait(PATIENCE)

    taken = world.writer.submit([Do(occupy), *signals(1)])
    assert begun.wait(PATIENCE)
    assert not taken.cancel()
    may_end.set()
    assert stored(world) == 1


def test_with_too_much_waiting_doors_are_refused_at_once_and_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema.store.writer, "MOST_WAITING", 10)
    with occupied(world):
        first = world.writer.submit(signals(1), load=10)
        (refusal,) = world.writer.submit(signals(2)[1:], load=1).result(0)
        assert isinstance(refusal, NotTaken)
        assert not first.done()
        own = world.writer.submit(signals(3)[2:])
    assert first.result(PATIENCE) == own.result(PATIENCE) == [None]
    assert world.writer.submit(signals(2)[1:], load=1).result(PATIENCE) == [None]
    assert stored(world) == 3
