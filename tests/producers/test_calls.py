"""Cancelling an operation."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from producers.calls import Calls
from producers.intake import Intake
from schema.errors import NotFound, Refusal, Refused
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from schema.store.clock import MoveTime
from schema.store.database import Database
from schema.store.histories import operation_history, service_history
from schema.store.journal import Recorded
from schema.store.leases import Boot
from schema.store.order import Accepted
from schema.store.reads import find_operation
from schema.store.transaction import Line
from schema.store.writer import Writer
from schema.tables import due, operation, service
from tests.producers.conftest import Offers, both_kinds
from tests.producers.events import NOW, activate, count, deactivate, settle

pytestmark = both_kinds


@pytest.fixture
def begun(intake: Intake, writer: Writer) -> Claimed:
    """An activation that a worker has begun."""
    intake.accept([activate("1")])
    owner = writer.store(Boot("worker", "here", {"cloud_pbx": 10}, timedelta(seconds=15)))
    claimed: Claimed
    (claimed,) = writer.store(Claim(owner, (1,)))
    return claimed


def waits(claimed: Claimed) -> Recorded:
    """The record by which a worker lets an operation wait, an hour, having seen no signal."""
    line = Line("waits", "worker", before="running", after="waiting", event="waiting")
    later = NOW + timedelta(hours=1)
    return Recorded(
        claimed.id,
        claimed.owner,
        claimed.epoch,
        claimed.turn + 1,
        "waiting",
        "a",
        (line,),
        wake_at=later,
    )


def refusal(calls: Calls, public: str = "op_1") -> Refusal:
    """Why an operation cannot be cancelled."""
    with pytest.raises(Refused) as refused:
        calls.cancel(public, "anna")
    return refused.value.refusal


def wakes_at_once(database: Database) -> bool:
    """Whether the operation is due now."""
    with database.look() as connection:
        return bool(
            connection.execute(select(due.c.wake_at <= int(NOW.timestamp() * 1000))).scalar()
        )


def test_CO_3_what_has_not_begun_is_cancelled_at_once(
    calls: Calls, intake: Intake, database: Database
) -> None:
    intake.accept([activate("1")])
    calls.cancel("op_1", "anna")
    with database.look() as connection:
        found = find_operation(connection, "op_1")
        last = operation_history(connection, "op_1")[-1]
    assert (found.state, found.ended_at) == ("cancelled", NOW)
    assert (last.number, last.who, last.event, last.before, last.after) == (
        2,
        "anna",
        "cancelled",
        "accepted",
        "cancelled",
    )
    assert count(database, "due") == 0


def test_CO_10_a_service_that_was_never_active_is_deleted_and_its_reference_used_up(
    calls: Calls, intake: Intake, database: Database
) -> None:
    intake.accept([activate("1")])
    calls.cancel("op_1", "anna")
    with database.look() as connection:
        last = service_history(connection, "acme/pbx-1")[-1]
    assert (last.number, last.after, last.why, last.event) == (
        2,
        "deleted",
        "never_active",
        "service_changed",
    )
    (answer,) = intake.accept([activate("2")])
    assert isinstance(answer, Refusal)
    assert answer.facts["state"] == "deleted"


def test_I5_a_cancel_lets_go_of_the_service_for_the_next_in_line(
    calls: Calls, intake: Intake, writer: Writer, database: Database
) -> None:
    intake.accept([activate("1")])
    settle(database, "active")
    intake.accept([deactivate("2", not_before="2026-05-29T08:00:01Z"), deactivate("3")])
    writer.store(MoveTime(NOW + timedelta(seconds=2)))
    owner = writer.store(Boot("worker", "here", {"cloud_pbx": 10}, timedelta(seconds=15)))
    assert writer.store(Claim(owner, (2,))) == []
    calls.cancel("op_3", "anna")
    with database.look() as connection:
        held = connection.execute(select(service.c.state, service.c.holder)).one()
    assert tuple(held) == ("active", 2)
    (claimed,) = writer.store(Claim(owner, (2,)))
    assert claimed.id == 2


def test_a_cancel_of_what_holds_nothing_takes_nothing_from_whoever_holds_it(
    calls: Calls, intake: Intake, database: Database
) -> None:
    intake.accept([activate("1")])
    settle(database, "active")
    intake.accept([deactivate("2", not_before="2026-05-29T20:00:00Z"), deactivate("3")])
    calls.cancel("op_2", "anna")
    with database.look() as connection:
        assert connection.execute(select(service.c.holder)).scalar() == 3


def test_CO_3_what_has_begun_is_asked_back_and_its_worker_told(
    calls: Calls, begun: Claimed, writer: Writer, database: Database
) -> None:
    calls.cancel("op_1", "anna")
    news = writer.store(waits(begun))
    assert news.cancel == "anna"
    assert wakes_at_once(database)
    with database.look() as connection:
        lines = operation_history(connection, "op_1")
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert (lines[2].what, lines[2].who, lines[2].event) == ("cancel_asked", "anna", None)


def test_what_waits_is_due_and_offered_when_it_is_cancelled(
    calls: Calls, begun: Claimed, writer: Writer, database: Database, offers: Offers
) -> None:
    writer.store(waits(begun))
    offers.made.clear()
    assert not wakes_at_once(database)
    calls.cancel("op_1", "anna")
    assert wakes_at_once(database)
    assert offers.made == [("cloud_pbx", [1])]


def test_asking_twice_is_asking_once(calls: Calls, begun: Claimed, database: Database) -> None:
    calls.cancel("op_1", "anna")
    assert calls.cancel("op_1", "berta") == Accepted(1, "cloud_pbx", is_repeat=True)
    with database.look() as connection:
        assert connection.execute(select(operation.c.cancel, operation.c.signals)).one() == (
            "anna",
            1,
        )


@pytest.mark.parametrize(
    ("state", "reason"), [("deactivating", "state_not_allowed"), ("active", "nothing_to_cancel")]
)
def test_CO_1_the_table_says_what_cannot_be_cancelled(
    calls: Calls, begun: Claimed, database: Database, state: str, reason: str
) -> None:
    with database.writing.begin() as connection:
        connection.execute(update(service).values(state=state))
    told = refusal(calls)
    assert (told.reason, told.status, told.facts["state"]) == (reason, 409, state)


def test_what_has_ended_cannot_be_cancelled(
    calls: Calls, begun: Claimed, database: Database
) -> None:
    settle(database, "activating")
    assert (refusal(calls).reason, refusal(calls).status) == ("nothing_to_cancel", 409)


def test_what_is_not_there_cannot_be_cancelled(calls: Calls) -> None:
    assert (refusal(calls, "op_9").status) == 404
    with pytest.raises(NotFound):
        calls.cancel("svc_1")


def test_I6_a_cancel_after_the_deadline_waits_for_its_ticket(
    calls: Calls, intake: Intake, writer: Writer, database: Database
) -> None:
    intake.accept([activate("1")])
    writer.store(MoveTime(NOW + timedelta(minutes=16)))
    calls.cancel("op_1", "anna")
    with database.look() as connection:
        found = find_operation(connection, "op_1")
    assert (found.state, found.overdue) == ("accepted", True)
