"""Commits whose reply is lost, and a database without room: nothing is lost, nothing done twice."""

from collections.abc import Sequence
from typing import Any

import pytest

from schema.errors import StoreFull
from schema.store.acceptance import Accept
from schema.store.claims import Claim
from schema.store.journal import Lost, News, Recorded
from schema.store.order import Accepted
from schema.store.signals import StoreSignal
from schema.store.transaction import Transaction
from tests.world.losses import LostReply, fill_up, make_room
from tests.world.world import World


def submit_until_full(world: World) -> int:
    """Submit commands until one is refused for lack of room, and return how many were taken."""
    for taken in range(500):
        try:
            world.submit("open", f"more{taken}")
        except StoreFull:
            return taken
    raise AssertionError("the database has room for all of them")


def see_opened(world: World, operation: int) -> None:
    """See that a line was opened, each step once and each line of history once."""
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert world.rows.story(operation) == [
        "accepted",
        "begun",
        "step_done reserve_place",
        "step_done connect_line",
        "step_done start_line",
        "waits await_line",
        "step_done await_line",
        "succeeded",
    ]
    assert len(world.platform.effects()) == 3
    world.check()


@pytest.mark.parametrize("kind", [Claim, Recorded])
def test_I3_a_commit_of_the_engine_whose_reply_is_lost_is_done_once(
    world: World, kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = LostReply(world, kind, monkeypatch)
    operation = world.submit("open")
    world.settle()
    assert loss.is_lost
    see_opened(world, operation)


def test_I3_an_end_whose_reply_is_lost_is_an_end_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = world.submit("open")
    world.work()
    loss = LostReply(world, Recorded, monkeypatch)
    world.settle()
    assert loss.is_lost
    see_opened(world, operation)


def test_I2_an_acceptance_whose_reply_is_lost_is_answered_with_its_operation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = LostReply(world, Accept, monkeypatch)
    answer = world.ask("open")
    assert loss.is_lost
    assert isinstance(answer, Accepted)
    assert len(world.rows.all("command")) == 1
    world.settle()
    see_opened(world, answer.operation)


def test_a_signal_whose_reply_is_lost_is_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.platform.fault("sample", "never", action="power")
    operation = world.submit("open")
    world.work()
    loss = LostReply(world, StoreSignal, monkeypatch)
    assert world.signal("line_active", reference=f"op_{operation}") == operation
    assert loss.is_lost
    assert world.rows.operation(operation)["signals"] == 1
    world.settle()
    see_opened(world, operation)


def test_I1_a_full_database_refuses_and_stores_nothing_half(sqlite_world: World) -> None:
    world = sqlite_world
    fill_up(world)
    taken = submit_until_full(world)
    assert len(world.rows.all("command")) == len(world.rows.all("operation")) == taken
    assert len(world.rows.all("due")) == len(world.rows.all("service")) == taken
    world.check()
    make_room(world)
    refused = world.submit("open", f"more{taken}")
    assert refused == taken + 1


def test_I1_the_engine_goes_on_when_a_full_database_has_room_again(sqlite_world: World) -> None:
    world = sqlite_world
    gate = world.platform.hold("connect")
    operations = [world.submit("open", f"line{number}") for number in range(20)]
    world.until(lambda: gate.reached == len(operations))
    fill_up(world)
    submit_until_full(world)
    world.platform.open("connect")
    world.until_refused()
    make_room(world)
    world.settle()
    states = {row["state"] for row in world.rows.all("operation")}
    assert states == {"succeeded"}
    assert len([e for e in world.platform.effects() if e.action == "connect"]) >= len(operations)
    world.check()


def test_I9_a_record_that_the_database_refuses_parks_its_operation_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = Recorded.apply

    def refuse(transaction: Transaction, records: Sequence[Recorded]) -> list[News | Lost]:
        if any(each.operation == 1 and "step_done" in str(each.lines) for each in records):
            raise ValueError("it does not fit")
        return applied(transaction, records)

    monkeypatch.setattr(Recorded, "apply", staticmethod(refuse))
    poison, innocent = world.submit("open"), world.submit("open", "two")
    world.poisonous.add(poison)
    world.settle()
    assert world.rows.operation(poison)["reason"] == "parked"
    assert len(world.rows.tickets(poison)) == 1
    assert world.rows.operation(innocent)["state"] == "succeeded"
    world.check()
