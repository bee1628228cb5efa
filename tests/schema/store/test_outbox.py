"""Relays share the partitions of the outbox fairly, and read events with all that they tell."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from schema.store.leases import Boot, Resign
from schema.store.moments import stored
from schema.store.outbox import LeasePartitions, OutgoingEvent, ReleasePartitions, Sent, unsent
from schema.store.transaction import Line
from schema.tables import OPERATION, SERVICE, outbox, partition, worker
from tests.producers.relay.stage import Stage, Tell

MINUTE = timedelta(minutes=1)
ALL = tuple(range(16))


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    url = f"sqlite:///{tmp_path}/turnup.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").create_database()
    made = Stage(url)
    yield made
    made.close()


def boot(stage: Stage, role: str = "relay") -> int:
    """Begin the lease of a relay."""
    key: int = stage.writer.store(Boot(role, "host", {}, MINUTE))
    return key


def lease(stage: Stage, relay: int) -> tuple[int, ...]:
    """Lease what it may have."""
    held: tuple[int, ...] = stage.writer.store(LeasePartitions(relay, MINUTE))
    return held


def lapse(stage: Stage, relay: int) -> None:
    """Let its lease end, as if it had been killed a while ago."""
    with stage.database.writing.begin() as connection:
        connection.execute(update(worker).where(worker.c.id == relay).values(lease_until=1))
        connection.execute(
            update(partition).where(partition.c.owner == relay).values(lease_until=1)
        )


def read(stage: Stage, limit: int = 100, besides: tuple[int, ...] = ()) -> list[OutgoingEvent]:
    """Return the unsent events of all partitions."""
    with stage.database.look() as connection:
        return unsent(connection, ALL, limit, besides)


def test_one_relay_holds_everything(stage: Stage) -> None:
    boot(stage, "worker")
    relay = boot(stage)
    assert lease(stage, relay) == ALL
    assert lease(stage, relay) == ALL


def test_relays_share_fairly_and_give_up_what_is_above_their_share(stage: Stage) -> None:
    first, second = boot(stage), boot(stage)
    assert lease(stage, first) == ALL[:8]
    assert lease(stage, second) == ALL[8:]
    third = boot(stage)
    assert lease(stage, third) == ()
    shares = [lease(stage, relay) for relay in (first, second, third)]
    assert [len(share) for share in shares] == [6, 6, 4]
    assert sorted(number for share in shares for number in share) == list(ALL)


def test_the_partitions_of_a_relay_that_died_are_taken(stage: Stage) -> None:
    first, second = boot(stage), boot(stage)
    lease(stage, first)
    lapse(stage, first)
    assert lease(stage, second) == ALL


def test_a_relay_that_resigned_leaves_its_partitions_to_others(stage: Stage) -> None:
    first, second = boot(stage), boot(stage)
    lease(stage, first)
    stage.writer.store(Resign(first))
    assert lease(stage, second) == ALL


def test_a_relay_that_was_taken_over_from_holds_nothing(stage: Stage) -> None:
    relay = boot(stage)
    lease(stage, relay)
    stage.writer.store(Resign(relay))
    assert lease(stage, relay) == ()
    with stage.database.look() as connection:
        assert set(connection.execute(select(partition.c.owner)).scalars()) == {None}


def test_released_partitions_belong_to_nobody(stage: Stage) -> None:
    first, second = boot(stage), boot(stage)
    lease(stage, first)
    assert stage.writer.store(ReleasePartitions(first)) == 8
    assert lease(stage, second) == ALL[:8]


def test_events_come_in_the_order_in_which_they_happened(stage: Stage) -> None:
    operations = stage.accept(3)
    stage.tell(operations)
    stage.tell(operations, "progressed")
    found = read(stage)
    assert [event.id for event in found] == sorted(event.id for event in found)
    for key in operations:
        mine = [(each.sequence, each.event) for each in found if each.owner == key]
        assert mine == [(1, "accepted"), (2, "waiting"), (3, "progressed")]


def test_an_operations_event_tells_all_that_is_known(stage: Stage) -> None:
    stage.accept(1)
    (found,) = read(stage)
    assert (found.kind, found.owner, found.sequence, found.event) == (OPERATION, 1, 1, "accepted")
    assert (found.product, found.verb, found.state) == ("cloud_pbx", "activate", "accepted")
    assert (found.customer, found.reference, found.service_id) == ("acme", "pbx-0", 1)
    assert (found.actor, found.correlation_id, found.ticket) == ("jane", None, None)
    assert found.deadline_at is not None
    assert stored(found.deadline_at) == stored(found.at) + 15 * 60 * 1000


def test_a_services_event_tells_which_operation_moved_it(stage: Stage) -> None:
    stage.accept(2)
    moved = Line("moved", "worker", "it began", "new", "activating", event="service_changed")
    stage.writer.store(Tell(SERVICE, 2, (moved,), operation=1))
    (found,) = [event for event in read(stage) if event.kind == SERVICE]
    assert (found.owner, found.service_id, found.reference) == (2, 2, "pbx-1")
    assert (found.before, found.state, found.sequence) == ("new", "activating", 1)
    assert (found.operation, found.verb, found.actor) == (1, "activate", "jane")


def test_a_services_event_can_be_nobodys_doing(stage: Stage) -> None:
    stage.accept(1)
    moved = Line("moved", "waker", "seen", "new", "deleted", event="service_changed")
    stage.writer.store(Tell(SERVICE, 1, (moved,)))
    (found,) = [event for event in read(stage) if event.kind == SERVICE]
    assert (found.operation, found.verb, found.actor) == (None, None, None)


def test_a_line_that_is_no_move_has_the_state_before_it(stage: Stage) -> None:
    stage.accept(1)
    lines = (
        Line("step_done", "worker", before="running", after="running"),
        Line("overdue", "waker", event="overdue"),
        Line("waits", "worker", before="running", after="waiting", event="waiting"),
    )
    stage.writer.store(Tell(OPERATION, 1, lines))
    told = [(event.event, event.state) for event in read(stage)]
    assert told == [("accepted", "accepted"), ("overdue", "running"), ("waiting", "waiting")]


def test_only_so_many_of_the_asked_partitions_and_none_that_is_known(stage: Stage) -> None:
    stage.accept(32)
    assert len(read(stage, limit=5)) == 5
    known = tuple(event.id for event in read(stage, limit=30))
    assert len(read(stage, besides=known)) == 2
    with stage.database.look() as connection:
        assert {each.owner % 16 for each in unsent(connection, (3, 4), 100)} == {3, 4}
        assert unsent(connection, (), 100) == []


def test_events_are_read_and_forgotten_with_one_statement_each(stage: Stage) -> None:
    stage.tell(stage.accept(50))
    statements: list[str] = []

    def note(*given: object) -> None:
        statements.append(str(given[2]))

    for engine in (stage.database.reading, stage.database.writing):
        event.listen(engine, "before_cursor_execute", note)
    found = read(stage)
    halves = [Sent(tuple(each.id for each in found[:50])), Sent((found[50].id, 10**9))]
    stage.writer.submit(halves).result(30)
    assert len([text for text in statements if "FROM outbox" in text]) == 2
    assert [each.id for each in read(stage)] == [each.id for each in found[51:]]
    with stage.database.look() as connection:
        assert len(connection.execute(select(outbox.c.id)).all()) == 49
