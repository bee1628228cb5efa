"""An operation that a living worker owns is run, parked or given back, whatever a step does (I1, I9)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

import workers.waker
from schema.store.journal import Recorded
from schema.store.transaction import Transaction
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_step
from tests.world.world import World
from workers.errors import StateChanged
from workers.workflow import Done, Work

#: Answers of a step that are none, or cannot be written down.
NONSENSE: dict[str, Any] = {
    "nothing": None,
    "no JSON": Done({"x": datetime(2026, 5, 4, tzinfo=UTC)}),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_I9_a_step_that_answers_nonsense_is_parked(make_world: MakeWorld, answer: Any) -> None:
    async def answers(work: Work, platform: object) -> Any:
        return answer

    world = make_world(with_step(SAMPLE, "open", "connect_line", run=answers))
    key = world.submit("open")
    world.poisonous.add(key)
    world.settle()
    assert world.rows.operation(key)["reason"] == "parked"
    assert len(world.rows.tickets(key)) == 1
    world.check()


def test_I9_a_record_that_is_refused_after_the_first_step_parks_its_operation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = Recorded.apply

    def refuse(transaction: Transaction, records: Sequence[Recorded]) -> Any:
        if any("connect_line" in str(each.lines) and each.keeps for each in records):
            raise ValueError("it does not fit")
        return applied(transaction, records)

    monkeypatch.setattr(Recorded, "apply", staticmethod(refuse))
    key = world.submit("open")
    world.poisonous.add(key)
    world.settle()
    row = world.rows.operation(key)
    assert (row["reason"], row["owner"]) == ("parked", None)


def test_CO_1_a_platform_that_has_lost_the_thing_ends_the_operation_without_a_ticket(
    make_world: MakeWorld,
) -> None:
    async def is_gone(work: Work, platform: object) -> Any:
        raise StateChanged("it is gone")

    subject = with_step(SAMPLE, "close", "refuse_calls", run=is_gone, ask=is_gone)
    world = make_world(subject)
    world.submit("open")
    world.settle()
    key = world.submit("close")
    world.settle()
    row = world.rows.operation(key)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.tickets(key) == []


def test_one_customer_with_a_backlog_is_served_beside_many_who_only_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers.waker, "PAGE", 8)
    for number in range(70):
        world.customer(f"c{number}")
        world.submit("open", customer=f"c{number}", not_before=world.now.replace(year=2027))
    world.customer("zz")
    for number in range(20):
        world.submit("open", f"line{number}", customer="zz")
    world.settle(until=world.now.replace(minute=30))
    ended = [row for row in world.rows.all("operation") if row["state"] == "succeeded"]
    assert len(ended) == 20
