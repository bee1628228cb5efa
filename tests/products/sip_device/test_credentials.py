"""The SIP password: given or made, shown once, and worth nothing after a reset or a replacement (SD-7, SD-11, CO-4)."""

import math
from datetime import timedelta

import pytest

from schema.errors import Refused
from schema.store.deliveries import MAIL
from tests.products.sip_device.devices import (
    ask,
    change_customer,
    done,
    facts,
    mac,
    mails,
    refused,
    row_of,
)
from tests.products.sip_device.examples import OTHER_MAC, TYPE, password_of
from tests.world.revealing import revealed
from tests.world.world import World
from workers.products.sip_device.credentials import PASSWORD_LENGTH, SIGNS, user_name_of
from workers.products.sip_device.notices import CREDENTIAL, NOTICES

GIVEN = "Correct-Horse-9-Battery"


def reveal(world: World) -> str:
    """Return the password as an Admin is shown it, or why he is not."""
    try:
        return revealed(world, "one")
    except Refused as found:
        return found.refusal.reason


def registered(world: World) -> None:
    """Add a device that has registered."""
    done(world, "activate")
    world.settle(timedelta(days=1))
    assert (world.rows.service()["state"], len(row_of(world)["bindings"])) == ("registered", 1)


def test_SD_7_a_made_password_is_shown_once_with_user_name_and_outbound_proxy(
    world: World,
) -> None:
    operation = done(world, "activate")
    login = {name: facts(world)[name] for name in ("user_name", "domain", "outbound_proxy")}
    assert login == {name: row_of(world)[name] for name in login}
    assert login["user_name"] == user_name_of("acme/one")
    assert [reveal(world), reveal(world)] == [password_of(operation), "already_revealed"]


def test_SD_7_a_made_password_has_more_than_96_bits_and_no_two_signs_look_alike() -> None:
    made = password_of(1)
    assert PASSWORD_LENGTH * math.log2(len(SIGNS)) > 96
    assert (len(made), set(made) <= set(SIGNS), made) == (PASSWORD_LENGTH, True, password_of(1))
    assert not set("0O1lI") & set(SIGNS)
    assert len({password_of(operation) for operation in range(1, 100)}) == 99


def test_SD_7_a_given_password_is_taken_and_never_shown(world: World) -> None:
    done(world, "activate", password=GIVEN)
    assert reveal(world) == "no_such_secret"
    world.check()
    names = ("history", "delivery", "secret", "service", "signal", "command", "operation")
    stored = repr([world.rows.all(name) for name in names])
    assert GIVEN not in stored + repr(world.logs)


@pytest.mark.parametrize("password", ["short", "a" * 65, "with spaces in it", "with-ütf8-signs"])
def test_SD_7_a_given_password_that_no_phone_takes_is_refused_and_not_repeated(
    world: World, password: str
) -> None:
    found = refused(ask(world, "activate", password=password))
    assert [fault.pointer for fault in found.faults] == ["/data/password"]
    assert password not in repr(found)


def test_SD_7_a_reset_stops_the_old_password_and_drops_the_binding_at_once(world: World) -> None:
    registered(world)
    before = row_of(world)["password_mark"]
    operation = done(world, "reset_password")
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert row_of(world)["password_mark"] != before
    assert (row_of(world)["bindings"], world.rows.service()["state"]) == ([], "unregistered")
    assert [row["state"] for row in world.rows.all("secret")] == ["replaced", "valid"]
    assert [reveal(world), reveal(world)] == [password_of(operation), "already_revealed"]
    world.check()


def test_SD_7_the_password_is_the_same_when_its_step_runs_twice(world: World) -> None:
    world.platform.fault("sip_device", "no_idempotency")
    world.platform.fault("sip_device", "late_effect", action="put_subscriber", value="1m", count=1)
    operation = done(world, "activate")
    world.settle(timedelta(minutes=10))
    assert reveal(world) == password_of(operation)
    put = [each for each in world.platform.effects() if each.action == "put_subscriber"]
    assert len(put) == 2  # that its answer was lost came out too late; nothing of it can be seen
    (kept,) = world.platform.kept("acme/one")
    assert kept["password_mark"] == row_of(world)["password_mark"]


def test_SD_7_the_admins_are_told_that_they_own_the_credential_and_answer_for_fraud(
    world: World,
) -> None:
    done(world, "activate")
    assert mails(world) == [(CREDENTIAL, "anna@acme.example")]
    assert '"mac": "00:50:C2:00:00:01"' in world.rows.all("delivery", channel=MAIL)[0]["facts"]
    text = NOTICES[CREDENTIAL].text
    assert "owns the credential" in text["en"]
    assert "answers for any fraud" in text["en"]
    assert "responsabile delle credenziali" in text["it"]
    change_customer(world, suppress_email=True)
    done(world, "reset_password")
    assert len(mails(world)) == 1


def test_SD_11_replace_gives_place_and_users_to_a_new_address_with_a_new_password(
    world: World,
) -> None:
    registered(world)
    before = facts(world)
    operation = done(world, "replace", firmware="97.1")
    after = facts(world)
    assert (after["mac"], row_of(world)["mac"]) == (OTHER_MAC, OTHER_MAC)
    assert (before["firmware"], after["firmware"]) == (TYPE["firmware"], "97.1")
    kept = ("user_name", "users", "outbound_proxy")
    assert [after[name] for name in kept] == [before[name] for name in kept]
    assert (row_of(world)["bindings"], world.rows.service()["state"]) == ([], "unregistered")
    assert reveal(world) == password_of(operation)
    assert [row["name"] for row in world.rows.all("possession")] == [OTHER_MAC]
    world.person("registered")
    world.work()
    assert world.rows.service()["state"] == "registered"
    world.check()


def test_SD_11_an_address_that_another_device_has_is_refused_and_a_failed_replacement_frees_its_own(
    world: World,
) -> None:
    registered(world)
    done(world, "activate", "acme/two", mac=mac(2))
    assert refused(ask(world, "replace", mac=mac(2))).reason == "mac_address_taken"
    world.platform.fault("sip_device", "outage")
    operation = done(world, "replace", mac=mac(3))
    assert len(world.rows.all("possession", name=mac(3).replace(":", ""))) == 1
    world.cancel(operation)
    world.platform.mend()
    world.settle(timedelta(days=1))
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert world.rows.all("possession", name=mac(3).replace(":", "")) == []
    assert refused(ask(world, "activate", "acme/three", mac="0050c2000001")).status == 409
    world.check()


def test_SD_11_delete_takes_the_credential_and_the_binding_away_and_frees_the_address(
    world: World,
) -> None:
    registered(world)
    done(world, "delete")
    assert (world.rows.service()["state"], world.platform.shown("acme/one")) == ("deleted", {})
    assert (world.rows.all("possession"), reveal(world)) == ([], "secret_not_valid")
    done(world, "activate", "acme/two")
    world.check()


@pytest.mark.parametrize("verb", ["reset_password", "replace"])
def test_CO_1_a_device_that_is_gone_at_the_platform_is_not_made_anew(
    world: World, verb: str
) -> None:
    registered(world)
    done(world, "block")
    world.platform.lose("acme/one")
    row = world.rows.operation(operation := done(world, verb))
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert world.rows.tickets(operation) == []
    assert world.platform.shown("acme/one") == {}
    assert facts(world)["is_blocked"] is True
