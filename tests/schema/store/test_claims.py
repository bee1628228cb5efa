"""Claims: who gets what, at the same moment too (I5)."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Row

from schema.store import between_tries, claims, services
from schema.store.claimed import Begins
from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.journal import Recorded
from schema.store.leases import Boot
from schema.store.services import ServiceChange
from schema.store.transaction import Transaction
from schema.store.writer import Writer
from tests.world.points import PATIENCE
from tests.world.world import START, World


def boot(world: World) -> int:
    """Begin a lease."""
    key: int = world.writer.store(Boot("worker", "world", {}, timedelta(minutes=1)))
    return key


def claim(world: World, *operations: int, owner: int = 0) -> list[int]:
    """Claim operations, and return those that were got."""
    got = world.writer.store(Claim(owner or boot(world), operations))
    return [each.id for each in got]


def two_at_rest(world: World) -> tuple[int, int]:
    """Return two operations on one service that begin at the same moment, held by neither."""
    world.submit("open")
    world.settle()
    later = START + timedelta(hours=1)
    first = world.submit("rename", not_before=later)
    second = world.submit("rename", not_before=later)
    world.move_time(later)
    return first, second


def waits(operation: int, owner: int, service: int) -> Recorded:
    """Return the record of a wait that lets go of the service."""
    return Recorded(
        operation,
        owner,
        epoch=1,
        turn=1,
        state="waiting",
        step="rename_line",
        service=ServiceChange(service, operation, releases=True),
    )


def test_a_claim_raises_the_epoch_and_counts_the_try(world: World) -> None:
    operation = world.submit("open")
    (got,) = world.writer.store(Claim(boot(world), (operation,)))
    assert (got.epoch, got.tries, got.begins, got.service_state) == (1, 1, "yes", "opening")
    assert world.rows.operation(operation)["state"] == "running"


def test_what_is_owned_is_nobody_elses(world: World) -> None:
    operation, owner = world.submit("open"), boot(world)
    assert claim(world, operation, owner=owner) == [operation]
    assert claim(world, operation) == []
    assert claim(world, operation, owner=owner) == [operation]


def test_what_is_not_due_or_has_ended_is_not_given(world: World) -> None:
    world.submit("open")
    world.settle()
    later = world.submit("close", not_before=START + timedelta(hours=1))
    assert claim(world, 1, later, 99) == []


def test_I1_who_has_no_lease_gets_nothing(world: World) -> None:
    operation = world.submit("open")
    assert claim(world, operation, owner=999) == []


def test_I5_of_two_on_a_service_one_is_given_and_the_other_stands_in_line(world: World) -> None:
    first, second = two_at_rest(world)
    assert claim(world, first, second) == [first]
    assert world.rows.operation(second)["in_line"]
    assert world.rows.is_waiting_for_ever(second)
    assert world.rows.service()["line"]


@pytest.fixture
def other(world: World) -> Iterator[Writer]:
    """A second process: a writer with connections of its own."""
    database = Database(world.database.url.render_as_string(hide_password=False))
    writer = Writer(database, world.products)
    writer.start()
    yield writer
    writer.stop()
    database.close()


def test_I5_two_workers_at_once_never_act_on_one_service(
    world: World, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_at_rest(world)
    owners = boot(world), boot(world)
    has_read, may_go_on = Event(), Event()
    begin = claims._begin_services  # noqa: SLF001  the moment between reading and taking

    def begin_late(
        transaction: Transaction, free: Sequence[Row[Any]], begun: Mapping[int, Begins]
    ) -> None:
        if not has_read.is_set():
            has_read.set()
            may_go_on.wait(10)
        begin(transaction, free, begun)

    monkeypatch.setattr(claims, "_begin_services", begin_late)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(world.writer.store, Claim(owners[0], (first,)))
        assert has_read.wait(10)
        fast = pool.submit(other.store, Claim(owners[1], (second,)))
        _wait_a_little(fast)
        may_go_on.set()
        got = [*slow.result(10), *fast.result(10)]
    assert len(got) == 1
    world.check()


def test_I1_nobody_joins_a_line_for_a_service_that_was_let_go_meanwhile(
    world: World, other: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_at_rest(world)
    owner = boot(world)
    assert claim(world, first, owner=owner) == [first]
    stand = services.stand_in_line
    service = world.rows.service()["id"]

    def stand_late(transaction: Transaction, waiting: Sequence[tuple[int, int]]) -> None:
        other.store(waits(first, owner, service), PATIENCE)
        stand(transaction, waiting)

    if world.database.dialect == "postgresql":  # on SQLite nobody else writes meanwhile
        monkeypatch.setattr(between_tries, "stand_in_line", stand_late)
    assert claim(world, second) == []
    row = world.rows.operation(second)
    assert not row["in_line"] or world.rows.service()["holder"] is not None
    if world.database.dialect == "postgresql":
        assert not row["in_line"]
        assert claim(world, second) == [second]


def _wait_a_little(done: "Future[Any]") -> None:
    """Give another process the time to finish, if nothing keeps it from that."""
    try:
        done.result(0.3)
    except NotYet:
        return
