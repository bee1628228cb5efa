"""What only one service has at a time, places that are few, and a product's own word at the door (CO-1, CO-11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schema.asking import Asked, Place, Takes, Thing, Wanted
from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import Cell
from schema.store.order import Accepted, Answer
from tests.schema.store.test_taking import (
    NUMBERS,
    at_once,
    holders,
    known,
    reason,
    two_writers,
    wanting,
)
from tests.world.fixtures import MakeWorld
from tests.world.subjects import Subject
from tests.world.world import World

ROOM = "acme/lobby"


def named(asked: Asked) -> Takes:
    """Take the line's name, which no other line has."""
    return Takes((Thing("name", asked.customer, asked.fields["name"], "name"),))


def placed(asked: Asked) -> Takes:
    """Take one of two places in the lobby."""
    return Takes(places=(Place("place", ROOM, 2, "name"),))


def renumbered(asked: Asked) -> Takes:
    """Take the number that is given as the new name."""
    return Takes(numbers=(Wanted(asked.fields["name"], "name"),))


def both(wants: Callable[[Asked], Takes]) -> Subject:
    """Return the sample whose `open` and `rename` take the same."""
    opened = wanting(wants)
    rename = replace(opened.product.verbs["rename"], wants=wants)
    verbs = {**opened.product.verbs, "rename": rename}
    return replace(opened, product=replace(opened.product, verbs=verbs))


def guarded(verb: str, guard: Callable[[Asked], Any]) -> Subject:
    """Return the sample with a verb that has the last word."""
    subject = both(named)
    watched = replace(subject.product.verbs[verb], guard=guard)
    verbs = {**subject.product.verbs, verb: watched}
    return replace(subject, product=replace(subject.product, verbs=verbs))


def ask(world: World, verb: str, reference: str, name: str, **more: Any) -> Answer:
    """Ask for a verb with a name."""
    return world.ask(verb, reference, fields={"name": name}, **more)


def names(world: World) -> set[str]:
    """Return all names that somebody has."""
    return {row["name"] for row in world.rows.all("possession")}


def test_CO_11_what_one_service_has_no_other_gets_until_it_is_deleted(
    make_world: MakeWorld,
) -> None:
    world = make_world(both(named))
    assert isinstance(ask(world, "open", "a", "x"), Accepted)
    refused = ask(world, "open", "b", "x")
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.status) == ("name_taken", 409)
    assert refused.faults[0].pointer == "/data/name"
    world.settle()
    assert reason(ask(world, "open", "b", "x")) == "name_taken"
    world.submit("close", "a")
    world.settle()
    assert isinstance(ask(world, "open", "b", "x"), Accepted)
    world.check()


def test_CO_11_another_name_frees_the_old_one_only_once_it_is_there(make_world: MakeWorld) -> None:
    world = make_world(both(named))
    ask(world, "open", "a", "old")
    world.settle()
    ask(world, "rename", "a", "new")
    assert names(world) == {"old", "new"}
    assert reason(ask(world, "open", "b", "old")) == "name_taken"
    assert reason(ask(world, "open", "b", "new")) == "name_taken"
    world.settle()
    assert names(world) == {"new"}
    ask(world, "rename", "a", "new")
    world.settle()
    assert names(world) == {"new"}


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
def test_CO_10_a_change_that_comes_to_nothing_gives_back_only_what_it_took(
    make_world: MakeWorld, how: str
) -> None:
    world = make_world(both(named))
    ask(world, "open", "a", "old")
    world.settle()
    world.platform.fault("sample", "refuse", action="rename", count=1)
    renamed = ask(world, "rename", "a", "new")
    assert isinstance(renamed, Accepted)
    if how == "is cancelled":
        world.cancel(renamed.operation)
    world.settle()
    assert world.rows.operation(renamed.operation)["state"] in {"failed", "cancelled"}
    assert names(world) == {"old"}


@pytest.mark.parametrize("wants", [named, renumbered])
def test_CO_11_what_a_later_operation_takes_no_other_of_its_service_counts_on(
    make_world: MakeWorld, wants: Callable[[Asked], Takes]
) -> None:
    world = make_world(both(wants))
    known(world, numbers=NUMBERS)
    old, new, _ = NUMBERS
    ask(world, "open", "a", old)
    world.settle()
    later = ask(world, "rename", "a", new, not_before=world.now + timedelta(hours=1))
    assert isinstance(later, Accepted)
    refused = ask(world, "rename", "a", new)
    assert isinstance(refused, Refusal)
    assert refused.reason in {"name_taken", "number_taken"}
    promised = f"{public_id('op', later.operation)} takes it for this service already"
    assert promised in str(refused.detail)
    world.cancel(later.operation)
    assert isinstance(ask(world, "rename", "a", new), Accepted)


@pytest.mark.parametrize("wants", [named, renumbered])
def test_CO_13_a_later_operation_does_not_begin_with_what_its_service_has_lost_meanwhile(
    make_world: MakeWorld, wants: Callable[[Asked], Takes]
) -> None:
    world = make_world(both(wants))
    known(world, numbers=NUMBERS)
    old, new, _ = NUMBERS
    ask(world, "open", "a", old)
    world.settle()
    an_hour = timedelta(hours=1)
    back = ask(world, "rename", "a", old, not_before=world.now + 2 * an_hour)
    swap = ask(world, "rename", "a", new, not_before=world.now + an_hour)
    assert isinstance(back, Accepted)
    assert isinstance(swap, Accepted)
    world.settle(an_hour)
    assert world.rows.operation(swap.operation)["state"] == "succeeded"
    assert isinstance(ask(world, "open", "b", old), Accepted)
    world.settle()
    row = world.rows.operation(back.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    world.check()


def test_CO_11_and_SD_6_a_place_is_refused_with_how_many_there_are_and_how_many_are_taken(
    make_world: MakeWorld,
) -> None:
    world = make_world(both(placed))
    orders = [world.order("open", name, event_id=name, fields={"name": name}) for name in "abc"]
    *taken, refused = world.hand_in(*orders)
    assert all(isinstance(each, Accepted) for each in taken)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.facts) == ("place_full", {"most": 2, "present": 2})
    world.settle()
    world.submit("close", "a")
    world.settle()
    assert isinstance(ask(world, "open", "c", "c"), Accepted)
    assert reason(ask(world, "open", "d", "d")) == "place_full"


def test_CO_11_another_number_frees_the_old_one_and_is_given_back_where_it_fails(
    make_world: MakeWorld,
) -> None:
    world = make_world(both(renumbered))
    known(world, numbers=NUMBERS)
    first, second, third = NUMBERS
    ask(world, "open", "a", first)
    world.settle()
    ask(world, "rename", "a", second)
    world.settle()
    assert [number for number, service in holders(world).items() if service] == [second]
    world.platform.fault("sample", "refuse", action="rename", count=1)
    ask(world, "rename", "a", third)
    world.settle()
    assert [number for number, service in holders(world).items() if service] == [second]
    held = {row["e164"]: row["held_until"] for row in world.rows.all("holding")}
    assert held[first] < held[second]
    assert third not in held


def test_CO_11_a_number_that_was_given_back_can_be_taken_again_at_the_same_moment(
    make_world: MakeWorld,
) -> None:
    world = make_world(both(renumbered))
    known(world, numbers=NUMBERS)
    ask(world, "open", "a", NUMBERS[0])
    world.settle()
    given_back = ask(world, "rename", "a", NUMBERS[1])
    assert isinstance(given_back, Accepted)
    world.cancel(given_back.operation)
    assert isinstance(ask(world, "rename", "a", NUMBERS[1]), Accepted)
    assert len(world.rows.all("holding", e164=NUMBERS[1])) == 1
    world.settle()
    assert [number for number, service in holders(world).items() if service] == [NUMBERS[1]]
    world.check()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_CO_11_and_SD_6_two_machines_at_once_never_take_the_last_place_or_the_same_name(
    make_world: MakeWorld, postgres_url: str
) -> None:
    world = make_world(both(lambda asked: Takes(named(asked).things, placed(asked).places)))
    with two_writers(world, postgres_url) as writers:
        same = [world.order("open", f"s{n}", event_id=f"s{n}", fields={"name": "x"}) for n in "12"]
        assert at_once(writers, same) == ["", "name_taken"]
        last = [world.order("open", f"l{n}", event_id=f"l{n}", fields={"name": n}) for n in "12"]
        assert at_once(writers, last) == ["", "place_full"]


def test_CO_1_a_product_refuses_from_what_is_stored_about_others_too(
    make_world: MakeWorld,
) -> None:
    def guard(asked: Asked) -> Refusal | Cell | None:
        found = asked.find(asked.fields["name"])
        names = ", ".join(asked.holders("name", asked.customer))
        return Refusal("in_use", 409, f"{found.state}; {names}") if found else None

    world = make_world(guarded("rename", guard))
    ask(world, "open", "a", "x")
    ask(world, "open", "b", "y")
    world.settle()
    refused = ask(world, "rename", "a", "b")
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.detail) == ("in_use", "open; a, b")
    assert reason(ask(world, "rename", "a", "b", is_dry_run=True)) == "in_use"
    assert isinstance(ask(world, "rename", "a", "z"), Accepted)


@pytest.mark.parametrize("word", ["guard", "wants", "knows"])
def test_I9_a_command_at_which_its_product_fails_is_refused_alone(
    make_world: MakeWorld, word: str
) -> None:
    def fail(asked: Asked) -> Any:
        if asked.fields["name"] == "x":
            raise RuntimeError("there is a bug, and here is a secret: hunter2")
        return Takes() if word == "wants" else {}

    subject = wanting(fail)
    words: dict[str, Any] = {"wants": named, word: fail}
    opened = replace(subject.product.verbs["open"], **words)
    verbs = {**subject.product.verbs, "open": opened}
    world = make_world(replace(subject, product=replace(subject.product, verbs=verbs)))
    orders = [world.order("open", name, event_id=name, fields={"name": name}) for name in "wxy"]
    answers = world.hand_in(*orders)
    assert [isinstance(each, Accepted) for each in answers] == [True, False, True]
    refused = answers[1]
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.status) == ("internal", 500)
    assert refused.detail == "sample failed to say whether open can be taken; it is in the log"
    (crashed,) = [each for each in world.logs if each["event"] == "check_crashed"]
    assert (crashed["verb"], crashed["id"], crashed["error"]) == ("open", "x", "RuntimeError")
    assert crashed["at"].startswith("test_possessions.py:")
    assert "hunter2" not in str(world.logs)
    assert [row["reference"] for row in world.rows.all("service")] == ["w", "y"]
    world.settle()
    world.check()


def test_CO_6_what_a_product_says_is_so_already_ends_as_it_begins(make_world: MakeWorld) -> None:
    world = make_world(guarded("rename", lambda _: Cell.ALREADY))
    ask(world, "open", "a", "x")
    world.settle()
    answer = ask(world, "rename", "a", "z")
    assert isinstance(answer, Accepted)
    row = world.rows.operation(answer.operation)
    assert (row["state"], row["outcome"]) == ("succeeded", "already")
    assert names(world) == {"x"}


def test_CO_13_a_product_is_asked_again_when_a_later_start_comes(make_world: MakeWorld) -> None:
    allowed = [True]
    no = Refusal("not_now", 409, "not now")
    world = make_world(guarded("rename", lambda _: None if allowed[0] else no))
    ask(world, "open", "a", "x")
    world.settle()
    later = ask(world, "rename", "a", "z", not_before=world.now + timedelta(hours=1))
    assert isinstance(later, Accepted)
    allowed[0] = False
    world.settle()
    row = world.rows.operation(later.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert names(world) == {"x"}


def test_CO_10_a_first_activation_that_may_not_begin_at_its_later_start_gives_all_of_it_back(
    make_world: MakeWorld,
) -> None:
    allowed = [True]
    no = Refusal("not_now", 409, "not now")
    world = make_world(guarded("open", lambda _: None if allowed[0] else no))
    later = ask(world, "open", "a", "x", not_before=world.now + timedelta(hours=1))
    assert isinstance(later, Accepted)
    allowed[0] = False
    world.settle()
    row = world.rows.operation(later.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.service("a")["state"] == "deleted"
    assert names(world) == set()
    world.check()
