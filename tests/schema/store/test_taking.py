"""What new services take and deleted ones give back: entitlements and numbers (CO-10, CO-11, ML-1)."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from pydantic import ValidationError

from schema.asking import Asked, Takes, Wanted
from schema.customer import Customer
from schema.errors import Refusal
from schema.store.acceptance import Accept
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.order import Accepted, Answer, Order, Planned
from schema.store.writer import Writer
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.subjects import Subject
from tests.world.world import World


def wanting(wants: Callable[[Asked], Takes], verb: str = "open") -> Subject:
    """Return the sample with a verb that takes something."""
    product = SAMPLE.product
    verbs = {**product.verbs, verb: replace(product.verbs[verb], wants=wants)}
    return replace(SAMPLE, product=replace(product, verbs=verbs))


def number_wanted(asked: Asked) -> Takes:
    """Return the number that a command names."""
    return Takes(numbers=(Wanted(asked.fields["number"], "number"),))


#: The sample whose lines take a number; and an entitlement; and that alone.
NUMBERED = wanting(number_wanted)
TAKING = replace(NUMBERED, product=replace(NUMBERED.product, takes_entitlement=True))
COUNTED = replace(SAMPLE, product=replace(SAMPLE.product, takes_entitlement=True))

NUMBERS = ("+390612345601", "+390612345602", "+390612345603")
ROME: dict[str, Any] = {"name": "Rome", "emergency_address": "Via Appia 1"}


def record(version: int, count: int = 0, numbers: Sequence[str] = (), **more: Any) -> Customer:
    """Return a customer's record with entitlements for the sample, and numbers in Rome."""
    named = {"version": version, "name": "Acme", "sites": [ROME], **more}
    listed = [{"e164": each, "site": "Rome"} for each in numbers]
    return Customer.model_validate({**named, "entitlements": {"sample": count}, "numbers": listed})


def known(world: World, version: int = 2, count: int = 0, numbers: Sequence[str] = ()) -> None:
    """Tell the customer's newest record."""
    assert world.writer.store(ChangeCustomer("acme", record(version, count, numbers)))


def pool(world: World) -> tuple[int, int]:
    """Return how many entitlements there are, and how many are taken."""
    (row,) = world.rows.all("pool", customer="acme")
    return row["total"], row["taken"]


def holders(world: World) -> dict[str, int | None]:
    """Return which service has which number."""
    return {row["e164"]: row["service_id"] for row in world.rows.all("number")}


def ask(world: World, reference: str, number: str = NUMBERS[0], **more: Any) -> Answer:
    """Ask for a line with a number."""
    fields = {"name": "x", "number": number}
    return world.ask("open", reference, fields=fields, **more)


def reason(answer: Answer) -> str | None:
    """Return why an order was refused."""
    return answer.reason if isinstance(answer, Refusal) else None


def test_ML_1_without_an_entitlement_left_the_door_refuses_and_says_how_many_are_taken(
    make_world: MakeWorld,
) -> None:
    world = make_world(COUNTED)
    assert reason(ask(world, "none")) == "no_entitlement"
    known(world, count=1)
    assert isinstance(ask(world, "dry", is_dry_run=True), Planned)
    answers = world.hand_in(world.order("open", "a"), world.order("open", "b", event_id="b"))
    assert isinstance(answers[0], Accepted)
    refused = answers[1]
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.status) == ("no_entitlement", 409)
    assert refused.facts == {"total": 1, "taken": 1}
    assert reason(ask(world, "dry", is_dry_run=True)) == "no_entitlement"
    assert pool(world) == (1, 1)


def test_CO_10_an_entitlement_goes_back_once_however_the_service_ends(
    make_world: MakeWorld,
) -> None:
    world = make_world(TAKING)
    known(world, count=3, numbers=NUMBERS)
    closed, undone, failed = (
        ask(world, name, number) for name, number in zip("abc", NUMBERS, strict=True)
    )
    assert isinstance(closed, Accepted)
    assert isinstance(undone, Accepted)
    assert isinstance(failed, Accepted)
    assert pool(world) == (3, 3)
    world.cancel(undone.operation)
    world.platform.fault("sample", "refuse", action="power", count=1)
    world.settle()
    assert pool(world) == (3, 1)
    left = next(name for name in "ac" if world.rows.service(name)["state"] == "open")
    assert [key is not None for key in holders(world).values()].count(True) == 1
    world.submit("close", left)
    world.settle()
    assert pool(world) == (3, 0)
    assert set(holders(world).values()) == {None}
    world.check()


def test_ML_1_a_record_with_fewer_than_are_taken_is_accepted_and_nobody_gets_another(
    make_world: MakeWorld,
) -> None:
    world = make_world(COUNTED)
    known(world, count=2)
    world.submit("open", "a")
    world.submit("open", "b")
    world.settle()
    known(world, version=3, count=1)
    assert pool(world) == (1, 2)
    assert reason(ask(world, "c")) == "no_entitlement"
    world.submit("close", "a")
    world.settle()
    assert pool(world) == (1, 1)
    assert reason(ask(world, "c")) == "no_entitlement"
    world.submit("close", "b")
    world.settle()
    assert isinstance(ask(world, "c"), Accepted)


def test_CO_11_a_number_is_had_by_one_service_until_that_is_deleted(make_world: MakeWorld) -> None:
    world = make_world(NUMBERED)
    known(world, numbers=NUMBERS[:1])
    world.submit("open", "a", fields={"name": "x", "number": NUMBERS[0]})
    assert holders(world) == {NUMBERS[0]: world.rows.service("a")["id"]}
    refused = ask(world, "b")
    assert isinstance(refused, Refusal)
    assert refused.reason == "number_taken"
    assert [fault.pointer for fault in refused.faults] == ["/data/number"]
    world.settle()
    world.submit("close", "a")
    world.settle()
    assert isinstance(ask(world, "b"), Accepted)
    assert holders(world) == {NUMBERS[0]: world.rows.service("b")["id"]}
    world.check()


def test_CO_11_two_in_one_batch_do_not_get_the_same_number(make_world: MakeWorld) -> None:
    world = make_world(NUMBERED)
    known(world, numbers=NUMBERS[:1])
    fields = {"name": "x", "number": NUMBERS[0]}
    orders = [world.order("open", name, fields=fields, event_id=name) for name in ("a", "b")]
    assert [reason(each) for each in world.hand_in(*orders)] == [None, "number_taken"]


def test_CO_11_a_number_of_another_customer_or_without_an_emergency_address_is_refused(
    make_world: MakeWorld,
) -> None:
    world = make_world(NUMBERED)
    known(world, numbers=NUMBERS[:1])
    deaf = record(1, 0, NUMBERS[1:2], sites=[{"name": "Rome"}])
    world.writer.store(ChangeCustomer("other", deaf))
    assert reason(ask(world, "a", NUMBERS[2])) == "unknown_number"
    assert reason(ask(world, "a", NUMBERS[1])) == "unknown_number"
    assert reason(ask(world, "a", NUMBERS[1], customer="other")) == "no_emergency_address"
    assert set(holders(world).values()) == {None}


def test_CO_11_a_number_moves_to_another_customer_once_no_service_has_it(
    make_world: MakeWorld,
) -> None:
    world = make_world(NUMBERED)
    known(world, numbers=NUMBERS[:1])
    assert isinstance(ask(world, "a"), Accepted)
    world.settle()
    known(world, version=3)
    world.writer.store(ChangeCustomer("other", record(1, 0, NUMBERS[:1])))
    assert reason(ask(world, "b", customer="other")) == "number_taken"
    world.submit("close", "a")
    world.settle()
    assert holders(world) == {}
    assert isinstance(ask(world, "b", customer="other"), Accepted)
    (row,) = world.rows.all("number")
    assert (row["customer"], row["service_id"]) == ("other", world.rows.service("b")["id"])


@pytest.mark.parametrize("lost", [{"sites": [{"name": "Rome"}]}, {"numbers": []}])
def test_CO_11_and_CO_13_what_starts_later_brings_no_number_to_life_that_may_not_be_live_by_then(
    make_world: MakeWorld, lost: dict[str, Any]
) -> None:
    world = make_world(NUMBERED)
    known(world, numbers=NUMBERS[:2])
    later = world.now + timedelta(hours=1)
    refused = ask(world, "a", not_before=later)
    assert isinstance(refused, Accepted)
    world.writer.store(ChangeCustomer("acme", record(3, **{"numbers": NUMBERS[:2], **lost})))
    world.settle(timedelta(hours=1))
    row = world.rows.operation(refused.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.service("a")["state"] == "deleted"
    assert set(holders(world).values()) <= {None}
    assert world.platform.effects() == []
    world.check()


@contextmanager
def two_writers(world: World, url: str) -> Iterator[list[Writer]]:
    """Give two writers beside the world's own, as two machines have them."""
    with ExitStack() as stack:
        made = []
        for _ in range(2):
            database = Database(url)
            stack.callback(database.close)
            made.append(Writer(database, world.products))
            made[-1].start()
            stack.callback(made[-1].stop)
        yield made


def at_once(writers: Sequence[Writer], orders: Sequence[Order]) -> list[str]:
    """Let each writer accept its order at the same moment, and say why they were refused, in order of reasons."""
    barrier = Barrier(len(writers))

    def accept(writer: Writer, order: Order) -> str:
        barrier.wait(10)
        (answer,) = writer.store(Accept((order,)), 30)
        return reason(answer) or ""

    with ThreadPoolExecutor(len(writers)) as threads:
        return sorted(threads.map(accept, writers, orders))


def line(world: World, name: str, number: str) -> Order:
    """Return the order for a line with a number."""
    return world.order("open", name, fields={"name": "x", "number": number}, event_id=name)


on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@on_postgresql
def test_CO_11_two_machines_at_once_never_take_the_last_entitlement(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(COUNTED)
    with two_writers(world, postgres_url) as writers:
        for turn in range(1, 21):
            known(world, version=turn + 1, count=turn)
            last = [line(world, f"last {turn} {each}", NUMBERS[0]) for each in (1, 2)]
            assert at_once(writers, last) == ["", "no_entitlement"], turn
            assert pool(world) == (turn, turn)


@on_postgresql
def test_CO_11_two_machines_at_once_never_take_the_same_number(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(NUMBERED)
    with two_writers(world, postgres_url) as writers:
        numbers = [f"+39061234{turn:04}" for turn in range(1, 21)]
        known(world, numbers=numbers)
        for number in numbers:
            same = [line(world, f"same {number} {each}", number) for each in (1, 2)]
            assert at_once(writers, same) == ["", "number_taken"], number


def test_a_customer_whose_numbers_stand_at_no_site_is_refused() -> None:
    for wrong in (
        {"numbers": [{"e164": "+390612345609", "site": "Rome"}]},
        {"sites": [ROME, ROME]},
        {"sites": [ROME], "numbers": [{"e164": "0612", "site": "Rome"}]},
        {"sites": [{**ROME, "colour": "red"}]},
    ):
        with pytest.raises(ValidationError):
            Customer.model_validate({"version": 1, "name": "Acme", **wrong})
