"""Acceptance: one operation for a key, however often and wherever it comes in (I2, CO-1)."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from schema.calendar import minutes
from schema.errors import Refusal
from schema.store import acceptance, known
from schema.store.acceptance import Accept
from schema.store.database import Database
from schema.store.dialect import POSTGRESQL
from schema.store.order import Accepted, Planned
from schema.store.transaction import Transaction
from schema.store.writer import Writer
from tests.world.points import PATIENCE
from tests.world.world import START, World


@pytest.fixture
def doors(world: World) -> Iterator[list[Writer]]:
    """Two processes with a door each."""
    found = []
    for _ in range(2):
        database = Database(world.database.url.render_as_string(hide_password=False))
        found.append((database, Writer(database, world.products)))
        found[-1][1].start()
    yield [writer for _, writer in found]
    for database, writer in found:
        writer.stop()
        database.close()


def test_I2_two_doors_and_the_same_command_at_once(world: World, doors: list[Writer]) -> None:
    orders = tuple(world.order("open", f"line{n}", event_id=f"x-{n}") for n in range(40))
    barrier = Barrier(2)

    def hand_in(writer: Writer) -> list[Accepted]:
        barrier.wait(10)
        answers: list[Accepted] = []
        for order in orders:
            answers += writer.store(Accept((order,)), PATIENCE)
        return answers

    with ThreadPoolExecutor(2) as pool:
        first, second = (future.result(30) for future in [pool.submit(hand_in, d) for d in doors])
    assert [each.operation for each in first] == [each.operation for each in second]
    repeats = [a.is_repeat + b.is_repeat for a, b in zip(first, second, strict=True)]
    assert repeats == [1] * len(orders)
    assert len(world.rows.all("operation")) == len(world.rows.all("service")) == len(orders)
    world.settle()
    world.check()


def test_I2_a_command_that_another_door_takes_meanwhile_is_known(
    world: World, doors: list[Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.order("open")
    is_first = [True]
    read = known.known_services

    def read_late(transaction: Transaction, names: Iterable[tuple[str, str]]) -> dict[Any, Any]:
        if is_first and transaction.dialect == POSTGRESQL:  # on SQLite nobody gets in meanwhile
            is_first.clear()  # the other door comes here too
            doors[0].store(Accept((order,)), PATIENCE)
        return read(transaction, names)

    monkeypatch.setattr(acceptance, "known_services", read_late)
    answer = world.hand_in(order)[0]
    assert isinstance(answer, Accepted), answer
    assert answer.is_repeat is (not is_first)
    assert len(world.rows.all("operation")) == 1


def test_I2_a_batch_with_the_same_key_twice_is_one_operation(world: World) -> None:
    order = world.order("open")
    first, second = world.hand_in(order, order)
    assert isinstance(first, Accepted)
    assert second == replace(first, is_repeat=True, is_due=False)
    assert len(world.rows.all("operation")) == 1
    world.settle()
    world.check()


def test_I2_other_content_under_a_known_key_is_refused(world: World) -> None:
    order = world.order("open")
    other = replace(order, content="something else")
    first, second = world.hand_in(order, other)
    assert isinstance(first, Accepted)
    assert isinstance(second, Refusal)
    assert (second.reason, second.status) == ("key_reused", 422)
    assert second.facts["operation"] == f"op_{first.operation}"


def test_CO_2_a_refusal_does_not_use_up_its_key(world: World) -> None:
    order = world.order("close")
    assert isinstance(world.hand_in(order)[0], Refusal)
    world.submit("open")
    world.settle()
    assert isinstance(world.hand_in(order)[0], Accepted)
    world.settle()
    world.check()


def test_CO_6_what_is_so_already_is_a_success_that_does_nothing(world: World) -> None:
    world.submit("open")
    world.settle()
    effects = len(world.platform.effects())
    operation = world.submit("open")
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == ("succeeded", "already")
    assert len(world.platform.effects()) == effects
    world.check()


def test_what_is_not_there_is_refused(world: World) -> None:
    unknown, nothing = world.ask("open", customer="nobody"), world.ask("close", "two")
    assert isinstance(unknown, Refusal)
    assert isinstance(nothing, Refusal)
    assert (unknown.reason, unknown.status) == ("unknown_customer", 404)
    assert (nothing.reason, nothing.status) == ("no_such_service", 404)


def test_a_dry_run_stores_nothing(world: World) -> None:
    answer = world.ask("open", is_dry_run=True)
    assert isinstance(answer, Planned)
    assert world.rows.all("operation") == world.rows.all("service") == []


def test_an_earlier_deadline_is_kept_and_a_later_one_refused(world: World) -> None:
    operation = world.submit("open", deadline=minutes(10))
    asked = (START + timedelta(minutes=10)).timestamp() * 1000
    assert world.rows.operation(operation)["deadline_at"] == asked
    answer = world.ask("open", "two", deadline=START + timedelta(days=30))
    assert isinstance(answer, Refusal)
    assert answer.faults[0].pointer == "/data/deadline"


def test_CP_8_a_deadline_in_business_days_ends_at_the_close_of_business(world: World) -> None:
    operation = world.submit("open")
    wednesday = START.replace(day=6, hour=16)  # 18:00 in Rome
    assert world.rows.operation(operation)["deadline_at"] == wednesday.timestamp() * 1000


def test_CO_10_a_deleted_reference_is_never_used_again(world: World) -> None:
    world.cancel(world.submit("open"))
    answer = world.ask("open")
    assert isinstance(answer, Refusal)
    assert "never used again" in answer.detail
