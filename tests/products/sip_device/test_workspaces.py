"""Workspaces: made with their first device, full at some time, and taken away only when they are empty (SD-5, SD-6)."""

from datetime import timedelta
from typing import Any

import pytest

from schema.errors import Refusal
from schema.store.order import Accepted, Answer, Order
from tests.products.sip_device.devices import (
    ask,
    change_customer,
    done,
    facts,
    in_workspace,
    read,
    refused,
    row_of,
)
from tests.products.sip_device.examples import (
    CUSTOMER,
    EXAMPLES,
    NUMBER,
    OTHER_MAC,
    OTHER_NUMBER,
    WORKSPACE,
)
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.variants import with_limits
from tests.world.world import World

ROOM = "acme/room"


def numbers(world: World) -> dict[str, str]:
    """Return which service has which number."""
    services = {row["id"]: row["reference"] for row in world.rows.all("service")}
    rows = world.rows.all("number")
    return {row["e164"]: services[row["service_id"]] for row in rows if row["service_id"]}


def add(world: World, number: int, new: dict[str, Any] | None = None) -> Answer:
    """Add one of several devices to the workspace, which may be new."""
    return ask(world, "activate", f"acme/d{number}", **in_workspace(number, new))


def test_SD_5_a_new_workspace_comes_with_its_first_device_and_has_its_number(world: World) -> None:
    assert isinstance(add(world, 1, {"name": f" {WORKSPACE['name']} "}), Accepted)
    world.work()
    assert facts(world, "room") == WORKSPACE
    assert world.rows.service("room")["state"] == "workspace"
    assert numbers(world) == {NUMBER: "room"}
    (room,) = world.platform.kept(ROOM)
    assert {**room, "name": room["title"]} == {**room, **WORKSPACE}
    assert len(room["devices"]) == 1
    assert isinstance(add(world, 2), Accepted)
    world.settle(timedelta(days=1))
    (room,) = world.platform.kept(ROOM)
    assert len(room["devices"]) == 2
    world.check()


def test_SD_11_the_device_that_comes_in_the_place_of_another_stands_in_its_workspace(
    world: World,
) -> None:
    assert isinstance(add(world, 1, {}), Accepted)
    world.settle(timedelta(days=1))
    before = row_of(world, "acme/d1")["owners"]
    done(world, "replace", "acme/d1")
    after = row_of(world, "acme/d1")
    assert (after["mac"], after["owners"]) == (OTHER_MAC, before)
    assert before[0].startswith("workspace:")
    world.check()


@pytest.mark.parametrize("sign", [*'%#<>/\\"', "x" * 31, ""])
def test_SD_5_a_name_has_at_most_30_characters_and_none_of_seven(world: World, sign: str) -> None:
    name = sign if len(sign) != 1 else f"Sala {sign}"
    found = refused(add(world, 1, {"name": name}))
    assert [fault.pointer for fault in found.faults] == ["/data/workspace/new/name"]


@pytest.mark.parametrize("may", [True, False])
def test_SD_5_a_comma_in_a_name_can_be_forbidden(
    make_sqlite_world: MakeWorld, *, may: bool
) -> None:
    subject = find_subjects()["sip_device"]
    limits = {**subject.product.limits, "workspace_name_commas": may}
    world = make_sqlite_world(with_limits(subject, limits))
    answer = add(world, 1, {"name": "Sala, primo piano"})
    told = answer.faults if isinstance(answer, Refusal) else ()
    forbidden = ("/data/workspace/new/name", "must have no comma")
    assert [(each.pointer, each.detail) for each in told] == ([] if may else [forbidden])


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ({"number": "+390612349999"}, "unknown_number"),
        ({"location": "Milano"}, "number_elsewhere"),
        ({"number": OTHER_NUMBER, "extension": "504"}, "extension_taken"),
        ({"extension": None}, "number_taken"),
    ],
)
def test_SD_5_the_number_is_one_of_its_location_and_free(
    world: World, new: dict[str, Any], reason: str
) -> None:
    if reason.endswith("taken"):
        assert isinstance(add(world, 1, {}), Accepted)
    chosen = {name: each for name, each in {**WORKSPACE, **new}.items() if each is not None}
    place = {"reference": "hall", "new": chosen}
    found = refused(
        ask(world, "activate", "acme/d9", mac="0050c2000009", users=None, workspace=place)
    )
    assert (found.reason, found.status) == (reason, 409)
    assert found.faults[0].pointer.startswith("/data/workspace/new/")


def test_SD_5_a_workspace_is_either_there_or_new(world: World) -> None:
    assert refused(add(world, 1)).reason == "unknown_workspace"
    assert isinstance(add(world, 1, {}), Accepted)
    again = add(world, 2, {"number": OTHER_NUMBER, "extension": "505"})
    assert refused(again).reason == "reference_taken"


def test_SD_5_a_new_workspace_has_another_reference_than_its_device(world: World) -> None:
    found = refused(ask(world, "activate", ROOM, **in_workspace(1, {})))
    assert (found.reason, found.faults[0].pointer) == (
        "reference_taken",
        "/data/workspace/reference",
    )


def test_SD_5_two_devices_of_one_batch_do_not_make_one_workspace_twice(world: World) -> None:
    orders = [
        read(
            world, "activate", f"acme/d{n}", {**EXAMPLES["activate"], **in_workspace(n, {})}, f"{n}"
        )
        for n in (1, 2)
    ]
    answers = world.hand_in(*(each for each in orders if isinstance(each, Order)))
    assert isinstance(answers[0], Accepted)
    assert refused(answers[1]).reason == "reference_taken"
    world.settle(timedelta(days=1))
    world.check()


@pytest.mark.parametrize(("licence", "most"), [("professional", 5), ("common_area", 1)])
def test_SD_6_a_full_workspace_takes_no_more_and_says_so(
    world: World, licence: str, most: int
) -> None:
    for number in range(most):
        new = {"licence": licence} if number == 0 else None
        assert isinstance(add(world, number, new), Accepted)
    found = refused(add(world, most))
    assert (found.reason, found.status) == ("workspace_full", 409)
    assert found.facts == {"most": most, "present": most}
    world.settle(timedelta(days=1))
    done(world, "delete", "acme/d0")
    assert isinstance(add(world, most), Accepted)
    world.check()


def test_CO_10_a_new_workspace_goes_with_a_device_that_never_was(world: World) -> None:
    answer = add(world, 1, {})
    assert isinstance(answer, Accepted)
    world.work()
    world.cancel(answer.operation)
    world.work()
    assert [row["state"] for row in world.rows.all("service")] == ["deleted", "deleted"]
    assert numbers(world) == {}
    assert world.rows.all("possession") == []
    assert world.platform.kept(ROOM) == []
    world.check()


def test_CO_10_a_new_workspace_that_is_called_as_its_location_goes_too(world: World) -> None:
    answer = ask(world, "activate", "acme/d1", **in_workspace(1, {}, "Roma"))
    assert isinstance(answer, Accepted)
    world.work()
    world.cancel(answer.operation)
    world.work()
    assert [row["state"] for row in world.rows.all("service")] == ["deleted", "deleted"]
    assert (numbers(world), world.rows.all("possession")) == ({}, [])
    world.check()


def test_CO_10_a_new_workspace_stays_where_another_device_stands_in_it_by_then(
    world: World,
) -> None:
    answer = add(world, 1, {})
    assert isinstance(answer, Accepted)
    world.work()
    assert isinstance(add(world, 2), Accepted)
    world.work()
    world.cancel(answer.operation)
    world.settle(timedelta(days=1))
    states = {row["reference"]: row["state"] for row in world.rows.all("service")}
    assert states == {"d1": "deleted", "room": "workspace", "d2": "registered"}
    assert numbers(world) == {NUMBER: "room"}
    done(world, "delete", "acme/d2")
    world.cancel(done(world, "activate", "acme/d3", **in_workspace(3)))
    world.work()
    assert (numbers(world), len(world.platform.kept(ROOM))) == ({NUMBER: "room"}, 1)
    world.check()


@pytest.mark.parametrize("stands_there", [1, 2])
def test_CO_10_a_new_workspace_goes_with_the_last_device_of_those_that_never_were(
    world: World, stands_there: int
) -> None:
    """The second device finds the workspace there, or makes it itself where the first is gone by then."""
    found = [add(world, 1, {}), add(world, 2)]
    first, second = (each.operation for each in found if isinstance(each, Accepted))
    for operation in (first, second):
        if operation == second or stands_there == 2:
            world.settle(timedelta(minutes=5))
            (room,) = world.platform.kept(ROOM)
            assert len(room["devices"]) == (stands_there if operation == first else 1)
        world.cancel(operation)
        world.work()
    assert {row["state"] for row in world.rows.all("service")} == {"deleted"}
    assert (numbers(world), world.rows.all("possession"), world.platform.kept(ROOM)) == ({}, [], [])
    world.check()


def test_SD_5_and_CO_11_a_new_workspace_that_starts_later_needs_an_emergency_address_then_too(
    world: World,
) -> None:
    later = (world.now + timedelta(hours=1)).isoformat()
    answer = ask(world, "activate", "acme/d1", **in_workspace(1, {}), not_before=later)
    assert isinstance(answer, Accepted)
    change_customer(world, sites=[{"name": each["name"]} for each in CUSTOMER["sites"]])
    world.settle(timedelta(hours=1))
    row = world.rows.operation(answer.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert (numbers(world), world.platform.kept(ROOM)) == ({}, [])
    world.check()


@pytest.mark.parametrize("how", ["is rejected", "is cancelled"])
def test_SD_5_a_device_finds_its_workspace_though_the_first_one_that_was_to_make_it_never_was(
    world: World, how: str
) -> None:
    """The second has its place when it is accepted, and is added only once the first is gone (SD-6, SD-9, CO-10)."""
    bad = {"type": "Yealink T20P"} if how == "is rejected" else {}
    first = ask(world, "activate", "acme/d1", **in_workspace(1, {}), **bad)
    assert isinstance(first, Accepted)
    later = (world.now + timedelta(hours=1)).isoformat()
    assert isinstance(
        ask(world, "activate", "acme/d2", **in_workspace(2), not_before=later), Accepted
    )
    world.work()
    if how == "is cancelled":
        world.cancel(first.operation)
    world.settle(timedelta(days=1))
    states = {row["reference"]: row["state"] for row in world.rows.all("service")}
    assert states == {"d1": "deleted", "room": "workspace", "d2": "registered"}
    (room,) = world.platform.kept(ROOM)
    assert (room["title"], room["number"], len(room["devices"])) == ("Sala riunioni", NUMBER, 1)
    world.check()


def test_SD_11_a_workspace_stays_until_it_is_taken_away_and_that_only_when_it_is_empty(
    world: World,
) -> None:
    for number in (1, 2):
        assert isinstance(add(world, number, {} if number == 1 else None), Accepted)
        world.settle(timedelta(days=1))
    found = refused(ask(world, "delete_workspace", ROOM))
    assert (found.reason, found.status) == ("not_empty", 409)
    assert found.facts == {"devices": ["d1", "d2"]}
    done(world, "delete", "acme/d1")
    assert refused(ask(world, "delete_workspace", ROOM)).facts == {"devices": ["d2"]}
    done(world, "delete", "acme/d2")
    assert world.rows.service("room")["state"] == "workspace"
    operation = done(world, "delete_workspace", ROOM)
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert world.rows.service("room")["state"] == "deleted"
    assert (numbers(world), world.rows.all("possession"), world.platform.kept(ROOM)) == ({}, [], [])
    world.check()


def test_SD_11_nobody_comes_in_while_a_workspace_is_taken_away(world: World) -> None:
    assert isinstance(add(world, 1, {}), Accepted)
    world.settle(timedelta(days=1))
    done(world, "delete", "acme/d1")
    world.platform.fault("sip_device", "outage")
    done(world, "delete_workspace", ROOM)
    leaving = refused(add(world, 2))
    assert (leaving.reason, leaving.detail) == (
        "workspace_leaving",
        "the workspace room is being deleted",
    )
    world.platform.mend()
    world.settle(timedelta(hours=1))
    assert refused(add(world, 2)).reason == "unknown_workspace"
    world.check()


def test_SD_11_a_workspace_whose_going_was_not_answered_is_asked_for(world: World) -> None:
    assert isinstance(add(world, 1, {}), Accepted)
    world.settle(timedelta(days=1))
    done(world, "delete", "acme/d1")
    for fault in ("lost_reply", "no_idempotency"):
        world.platform.fault("sip_device", fault, action="remove_workspace", count=1)
    operation = done(world, "delete_workspace", ROOM)
    world.settle(timedelta(hours=1))
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert [each.action for each in world.platform.calls][-2:] == [
        "remove_workspace",
        "show_workspace",
    ]
    world.check()
