"""Adding a device: whose it is, which it may be, and what the command has to say (SD-1 to SD-4, SD-9)."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from schema.products.sip_device.commands import Mac
from schema.store.order import Accepted, Order
from tests.products.sip_device.devices import (
    ask,
    change_customer,
    done,
    facts,
    learn_lists,
    mac,
    read,
    refused,
    row_of,
)
from tests.products.sip_device.examples import DISCLAIMER, EXAMPLES, MAC, WORKSPACE
from tests.world.world import World


def owners(world: World) -> list[str]:
    """Return whose the registrar says that the device is."""
    return [str(each).removeprefix("user:acme~") for each in row_of(world)["owners"]]


def test_SD_1_a_device_is_added_for_the_users_who_share_it(world: World) -> None:
    done(world, "activate", users=["Maria Rossi", "UGO.VERDI"])
    assert owners(world) == ["maria.rossi", "ugo.verdi"]
    assert facts(world)["users"] == ["maria.rossi", "ugo.verdi"]
    world.check()


@pytest.mark.parametrize("fields", [{"users": None}, {"workspace": {"reference": "room"}}])
def test_SD_1_a_device_is_of_users_or_of_a_workspace_and_never_of_both(
    world: World, fields: dict[str, Any]
) -> None:
    found = refused(ask(world, "activate", **fields))
    assert (found.reason, found.status) == ("invalid", 422)
    assert "users or a workspace, and not both" in found.faults[0].detail


def test_SD_1_a_name_that_fits_several_users_is_refused_with_the_candidates(world: World) -> None:
    found = refused(ask(world, "activate", users=["maria.rossi", "ugo verdi", "nobody"]))
    assert (found.reason, found.status) == ("ambiguous_user", 409)
    assert found.facts == {"candidates": {"ugo verdi": ["ugo.verdi", "ugo2"]}}
    assert [fault.pointer for fault in found.faults] == ["/data/users/1", "/data/users/2"]
    assert refused(ask(world, "activate", users=["nobody"])).reason == "unknown_user"
    assert world.rows.all("operation") == []


def test_SD_1_users_are_assigned_and_taken_off_but_for_the_last_one(world: World) -> None:
    done(world, "activate", users=["maria.rossi"])
    done(world, "assign", users=["Ivo Neri", "maria.rossi"])
    assert owners(world) == ["ivo.neri", "maria.rossi"]
    done(world, "unassign", users=["maria.rossi"])
    assert owners(world) == ["ivo.neri"]
    assert facts(world)["users"] == ["ivo.neri"]
    found = refused(ask(world, "unassign", users=["ivo.neri", "ugo.verdi"]))
    assert (found.reason, found.status) == ("last_user", 409)
    world.check()


def test_SD_1_who_has_left_the_customer_is_taken_off_by_his_user_name(world: World) -> None:
    done(world, "activate", users=["maria.rossi", "ugo.verdi"])
    change_customer(world, users=[{"user_name": "maria.rossi", "name": "Maria Rossi"}])
    assert refused(ask(world, "assign", users=["ugo.verdi"])).reason == "unknown_user"
    done(world, "unassign", users=["UGO.verdi"])
    assert (owners(world), facts(world)["users"]) == (["maria.rossi"], ["maria.rossi"])
    assert refused(ask(world, "unassign", users=["ugo.verdi"])).reason == "unknown_user"
    world.check()


def test_SD_1_a_device_of_a_workspace_is_not_shared(world: World) -> None:
    done(world, "activate", users=None, workspace={"reference": "room", "new": WORKSPACE})
    for verb in ("assign", "unassign"):
        assert refused(ask(world, verb)).reason == "in_workspace"


def test_SD_1_who_is_no_user_any_more_when_the_device_is_added_is_refused_without_a_ticket(
    world: World,
) -> None:
    later = (world.now + timedelta(hours=1)).isoformat()
    answer = ask(world, "activate", not_before=later)
    assert isinstance(answer, Accepted)
    change_customer(world, users=[])
    world.settle(timedelta(hours=2))
    row = world.rows.operation(answer.operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.tickets(answer.operation) == []


@pytest.mark.parametrize(
    ("fields", "reason", "said", "closest"),
    [
        ({"type": "Yealink T54"}, "type_not_approved", "not an approved type", "Yealink T54W"),
        ({"type": "Yealink T20P"}, "type_not_secure", "security requirements", "Yealink T57W"),
        ({"firmware": "96.86.0.99"}, "firmware_too_old", "at least firmware 96.86.0.100", None),
    ],
)
def test_SD_2_what_is_not_approved_is_refused_with_the_reason_and_the_three_closest_types(
    world: World, fields: dict[str, Any], reason: str, said: str, closest: str | None
) -> None:
    learn_lists(world)
    for verb in ("activate", "replace"):
        if verb == "replace":
            done(world, "activate")
        found = refused(ask(world, verb, **{"mac": mac(7), **fields}))
        assert (found.reason, found.status) == (reason, 409)
        assert said in found.detail
        assert len(found.facts["closest"]) == 3
        assert closest is None or closest in found.facts["closest"]
        assert "Yealink T20P" not in found.facts["closest"]
        assert found.faults[0].pointer == f"/data/{next(iter(fields))}"


@pytest.mark.parametrize("firmware", ["96.86.0.100", "96.86.1", "97", "096.86.0.100.0"])
def test_SD_2_firmware_is_compared_number_by_number(world: World, firmware: str) -> None:
    learn_lists(world)
    assert isinstance(ask(world, "activate", firmware=firmware), Accepted)


def test_SD_2_a_list_that_no_worker_has_read_yet_is_asked_of_the_platform_in_time(
    world: World,
) -> None:
    operation = done(world, "activate", type="Yealink T20P")
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "rejected")
    assert world.rows.tickets(operation) == []
    assert world.rows.service()["state"] == "deleted"
    world.check()


def test_SD_3_without_the_special_access_it_is_refused_naming_the_accounts_team(
    world: World,
) -> None:
    change_customer(world, entitlements={"sip_device": 0})
    found = refused(ask(world, "activate"))
    assert (found.reason, found.status) == ("no_entitlement", 409)
    assert "accounts team" in found.detail


def test_SD_3_who_has_accepted_the_disclaimer_and_when_is_asked_for_and_kept(world: World) -> None:
    found = refused(ask(world, "activate", disclaimer=None))
    assert [fault.pointer for fault in found.faults] == ["/data/disclaimer"]
    found = refused(ask(world, "activate", disclaimer={"accepted_at": "2026-05-04T09:00:00"}))
    pointers = [fault.pointer for fault in found.faults]
    assert pointers == ["/data/disclaimer/accepted_by", "/data/disclaimer/accepted_at"]
    done(world, "activate")
    assert facts(world)["disclaimer"] == DISCLAIMER


@pytest.mark.parametrize(
    "text", ["00:50:C2:00:00:01", " 00-50-c2-00-00-01\n", "0050.c200.0001", MAC]
)
def test_SD_4_an_address_is_the_same_however_it_is_written(world: World, text: str) -> None:
    done(world, "activate", mac=text)
    assert row_of(world)["mac"] == MAC
    for again in ("0050C2000001", "00:50:c2:00:00:01"):
        found = refused(ask(world, "activate", "acme/two", mac=again))
        assert (found.reason, found.status) == ("mac_address_taken", 409)
        assert found.faults[0].pointer == "/data/mac"
        assert found.detail == "the MAC address 00:50:C2:00:00:01 belongs to a service already"


@pytest.mark.parametrize(
    "text",
    [
        *("01:50:c2:00:00:01", "ff:ff:ff:ff:ff:ff", "000000000000"),
        *("0050c200000", "0050c20000011", "00:50-c2:00:00:01", "0050.c2.000001", "gg50c2000001"),
    ],
)
def test_SD_4_what_is_no_address_of_one_device_is_refused(world: World, text: str) -> None:
    found = refused(ask(world, "activate", mac=text))
    assert (found.reason, [fault.pointer for fault in found.faults]) == ("invalid", ["/data/mac"])


def test_SD_4_the_published_schema_takes_the_addresses_that_are_taken_and_no_other() -> None:
    address: TypeAdapter[str] = TypeAdapter(Mac)
    described = Draft202012Validator(address.json_schema())
    ways = product((1, 2, 3, 4, 6, 12), ("", ":", "-", ".", " "), ("", ":", "-", "."), (11, 12, 14))
    forms = [written(*way) for way in ways]
    taken = {text for text in forms if is_taken(address, text)}
    assert {text for text in forms if described.is_valid(text)} == taken
    assert len(taken) == 4


def written(size: int, separator: str, last: str, length: int) -> str:
    """Digits in groups of a size, the last of which stands behind a separator of its own."""
    digits = "0050C2abcdef99"[:length]
    groups = [digits[place : place + size] for place in range(0, length, size)]
    return last.join((separator.join(groups[:-1]), groups[-1]))


def is_taken(address: TypeAdapter[str], text: str) -> bool:
    """Whether text is an address to the program."""
    try:
        address.validate_python(text)
    except ValidationError:
        return False
    return True


def test_SD_4_an_address_is_unique_over_all_customers_until_it_is_free(world: World) -> None:
    change_customer(world, "rival", numbers=[])
    done(world, "activate")
    assert refused(ask(world, "activate", "rival/one")).reason == "mac_address_taken"
    world.settle(timedelta(days=1))
    done(world, "delete")
    assert isinstance(ask(world, "activate", "rival/one"), Accepted)


def test_SD_9_one_bad_row_of_many_never_stops_the_others(world: World) -> None:
    learn_lists(world)
    changes: list[dict[str, Any]] = [
        *({}, {"type": "Yelink T54W"}, {}, {"mac": mac(0)}, {}),
        {"mac": "00:50"},
    ]
    rows = [
        read(
            world,
            "activate",
            f"acme/d{row}",
            {**EXAMPLES["activate"], "mac": mac(row), **fields},
            f"row {row}",
        )
        for row, fields in enumerate(changes)
    ]
    assert refused(rows.pop()).faults[0].pointer == "/data/mac"
    answers = world.hand_in(*(row for row in rows if isinstance(row, Order)))
    assert [getattr(each, "reason", "taken") for each in answers] == [
        *("taken", "type_not_approved", "taken", "mac_address_taken", "taken")
    ]
    world.settle(timedelta(days=1))
    assert [row["state"] for row in world.rows.all("service")] == ["registered"] * 3
    world.check()
