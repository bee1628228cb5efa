"""The writer: groups, refusals that stay alone, and answers for everybody."""

from datetime import timedelta
from typing import Any

import pytest

from schema.errors import NotStored
from schema.store.signals import StoreSignal
from schema.store.transaction import Transaction
from schema.store.writer import Record
from tests.world.points import PATIENCE
from tests.world.world import START, Do, World

#: What no column takes that must have something.
NOTHING: Any = None


def signals(count: int, bad: int = -1) -> list[StoreSignal]:
    """Return a batch of signals, one of which no database takes."""
    return [
        StoreSignal("sample", f"evt-{n}", NOTHING if n == bad else "told", START)
        for n in range(count)
    ]


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
