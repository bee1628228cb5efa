"""The journal: what is recorded, what is lost, and what a record learns from others."""

from datetime import datetime, timedelta

import pytest

from schema.store.claims import Claim
from schema.store.journal import Lost, News, Recorded
from schema.store.moments import Pause
from schema.store.transaction import Line
from schema.tables import FAR
from tests.world.world import World


def begun(world: World) -> Recorded:
    """Return the record of a wait, of an operation that was claimed."""
    operation = world.submit("open")
    (claimed,) = world.writer.store(Claim(world.workers[0].key, (operation,)))
    return Recorded(
        operation,
        claimed.owner,
        claimed.epoch,
        claimed.turn + 1,
        state="waiting",
        step="reserve_place",
        lines=(Line("waits", "worker", "why", "running", "waiting", event="waiting"),),
        reason="why",
        wake_at=claimed.now + timedelta(hours=1),
    )


def ended(record: Recorded, state: str = "succeeded") -> Recorded:
    """Return the same record as an end."""
    line = Line(state, "worker", None, "running", state, event=state)
    outcome = "on_time" if state == "succeeded" else state
    changes = {"lines": (line,), "step": None, "wake_at": None, "outcome": outcome}
    return record._replace(state=state, ends=True, **changes)  # type: ignore[arg-type]


def test_a_wait_lets_go_of_the_operation_until_its_time(world: World) -> None:
    record = begun(world)
    assert isinstance(world.writer.store(record), News)
    row = world.rows.operation(record.operation)
    assert (row["owner"], row["turn"], row["state"]) == (None, record.turn, "waiting")
    assert isinstance(record.wake_at, datetime)
    due = world.rows.due(record.operation)
    assert due["wake_at"] == record.wake_at.timestamp() * 1000


def test_a_pause_counts_from_the_moment_at_which_it_is_recorded(world: World) -> None:
    record = begun(world)._replace(wake_at=Pause(timedelta(seconds=7)))
    now = world.move_time(timedelta(seconds=10))
    world.writer.store(record)
    due = world.rows.due(record.operation)
    assert due["wake_at"] == (now + timedelta(seconds=7)).timestamp() * 1000


@pytest.mark.parametrize("is_told_before", [True, False])
def test_I3_who_is_told_something_is_not_due_before_his_calls_have_settled(
    world: World, *, is_told_before: bool
) -> None:
    settle = timedelta(seconds=3)
    record = begun(world)._replace(wake_at=Pause(timedelta(minutes=1), least=settle))
    tell = [
        lambda: world.signal("told", reference=f"op_{record.operation}"),
        lambda: world.cancel(record.operation),
    ]
    steps = [*tell, lambda: world.writer.store(record)]
    for step in steps if is_told_before else reversed(steps):
        step()
    due = world.rows.due(record.operation)
    assert due["wake_at"] == (world.now + settle).timestamp() * 1000


def test_a_step_that_goes_on_keeps_its_owner(world: World) -> None:
    record = begun(world)._replace(keeps=True, state="running", tries=1)
    assert isinstance(world.writer.store(record), News)
    row = world.rows.operation(record.operation)
    assert (row["owner"], row["tries"]) == (record.owner, 1)


@pytest.mark.parametrize("field", ["epoch", "owner"])
def test_I3_a_record_of_another_epoch_or_owner_is_lost_whole(world: World, field: str) -> None:
    record = begun(world)
    before = world.evidence().rows
    stale = record._replace(**{field: getattr(record, field) - 1})
    assert world.writer.store(stale) is Lost.TAKEN_OVER
    assert world.evidence().rows == before


def test_a_record_stored_twice_is_done_once_and_answered_twice(world: World) -> None:
    record = begun(world)
    first, second = (world.writer.store(record) for _ in range(2))
    assert isinstance(first, News)
    assert isinstance(second, News)
    assert world.rows.story(record.operation).count("waits") == 1


def test_a_record_of_a_turn_too_far_is_lost(world: World) -> None:
    record = begun(world)
    assert world.writer.store(record._replace(turn=record.turn + 1)) is Lost.TAKEN_OVER


def test_an_end_takes_the_due_row_away(world: World) -> None:
    record = ended(begun(world))
    assert isinstance(world.writer.store(record), News)
    assert world.rows.all("due") == []
    assert world.rows.operation(record.operation)["outcome"] == "on_time"


def test_I6_an_end_after_an_undecided_deadline_has_to_wait_for_the_decision(world: World) -> None:
    record = begun(world)
    world.move_time(timedelta(days=5))
    assert world.writer.store(ended(record)) is Lost.UNDECIDED
    assert isinstance(world.writer.store(record), News)  # a wait need not


def test_a_record_learns_of_signals_and_of_a_cancel(world: World) -> None:
    record = begun(world)
    world.signal("told", reference=f"op_{record.operation}")
    world.cancel(record.operation, "somebody")
    news = world.writer.store(record)
    assert (news.signals, news.cancel) == (2, "somebody")
    assert world.rows.due(record.operation)["wake_at"] == news.now.timestamp() * 1000


def test_a_wait_that_has_seen_every_signal_is_not_due(world: World) -> None:
    record = begun(world)
    world.signal("told", reference=f"op_{record.operation}")
    world.writer.store(record._replace(seen=1, wake_at=None))
    assert world.rows.due(record.operation)["wake_at"] == FAR


def test_many_records_in_one_group_are_answered_in_order(world: World) -> None:
    operations = [world.submit("open", f"line{n}") for n in range(5)]
    taken = world.writer.store(Claim(world.workers[0].key, tuple(operations)))
    records = [
        Recorded(each.id, each.owner, each.epoch + (n == 2), each.turn + 1, "waiting", "x")
        for n, each in enumerate(taken)
    ]
    answers = world.writer.submit(list(reversed(records))).result(10)
    assert [each is Lost.TAKEN_OVER for each in answers] == [False, False, True, False, False]
