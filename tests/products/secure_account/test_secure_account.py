"""The account for encrypted calls, rule by rule; the vendor's user follows his first links by himself."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from producers.bulk import Bulk, Wanted
from producers.sheets import Row
from schema.command import faults_of
from schema.products.secure_account.commands import Activate, Edit
from schema.store.moments import stored
from schema.store.order import Accepted
from tests.products.secure_account.accounts import (
    PLAIN,
    SNOM,
    WIZARD,
    at_the_platform,
    begin,
    change_customer,
    do,
    enable,
    facts,
    refusal,
    sent,
    state,
    user,
)
from tests.products.secure_account.examples import EMAIL, GSM
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

BATCH_ROW = {
    "full_name": "Ugo Neri",
    "gsm_number": "+393479999999",
    "email": "ugo@acme.example",
    "security_model": "zrtp",
    "description": "second floor",
}


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with secure accounts."""
    return make_sqlite_world(find_subjects()["secure_account"])


def faults(kind: type[Activate | Edit], fields: dict[str, Any]) -> list[str]:
    """Return where a command is wrong."""
    with pytest.raises(ValidationError) as caught:
        kind.model_validate(fields)
    return [each.pointer for each in faults_of(caught.value)]


def use_device(world: World, does: str) -> dict[str, Any]:
    """Let the user do something with his device, and return what it says."""
    path, told = f"/secure_account/device/{does}", {"headers": {"X-Service": "acme/one"}}
    return dict(world.platform.take("POST", path, told).body)


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        pytest.param({**WIZARD, "type": "snom"}, ["/way"], id="a desk phone by wizard"),
        pytest.param({**WIZARD, "profile": None}, ["/profile"], id="a wizard without profile"),
        pytest.param({**PLAIN, "profile": "standard"}, ["/profile"], id="a plain one with profile"),
        pytest.param({"way": "batch"}, ["/group", "/profile", "/full_name", "/user_name",
                                        "/virtual_number"], id="every fault at once"),
        pytest.param({**WIZARD, "messages_by": "email"}, ["/messages_by"], id="mail to nowhere"),
        pytest.param({**WIZARD, "gsm_number": "347 123"}, ["/gsm_number", "/user_name",
                                                           "/virtual_number"], id="no number"),
        pytest.param({**WIZARD, "user_name": "a b"}, ["/user_name"], id="no user name"),
    ],
)  # fmt: skip
def test_SA_1_and_CO_2_what_no_account_can_be_is_refused_with_every_fault(
    fields: dict[str, Any], pointers: list[str]
) -> None:
    assert faults(Activate, fields) == pointers


def test_SA_1_the_account_has_its_type_and_group_and_profile(world: World) -> None:
    begin(world)
    kept = at_the_platform(world)
    assert (kept["type"], kept["user_name"]) == ("pgsm", GSM[1:])
    assert (kept["settings"]["group"], kept["settings"]["profile"]) == ("sales", "standard")
    assert facts(world, "type", "way", "user_name", "virtual_number") == (
        "pgsm", "wizard", GSM[1:], GSM[1:],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["user_name", "virtual_number"])
def test_SA_1_and_CO_11_names_are_unique_over_all_customers_until_their_account_is_deleted(
    world: World, name: str
) -> None:
    world.customer("other")
    taken = {**PLAIN, name: "77123"}
    others = {**PLAIN, "user_name": "desk-13", "virtual_number": "8013", name: "77123"}
    do(world, "activate", **taken)
    answer = world.ask("activate", "two", customer="other", fields=others)
    assert not isinstance(answer, Accepted)
    assert (answer.reason, answer.status) == (f"{name}_taken", 409)  # type: ignore[union-attr]
    assert [each.pointer for each in answer.faults] == [f"/data/{name}"]  # type: ignore[union-attr]
    do(world, "delete")
    assert isinstance(world.ask("activate", "two", customer="other", fields=others), Accepted)
    world.work()
    world.check()


def test_SA_1_two_accounts_for_one_gsm_number_need_names_of_their_own(world: World) -> None:
    begin(world)
    assert refusal(world, "activate", "two", **WIZARD).reason == "user_name_taken"
    named = {**WIZARD, "user_name": "maria-tablet", "virtual_number": "8014"}
    assert isinstance(world.ask("activate", "two", fields=named), Accepted)


@pytest.mark.parametrize("fields", [PLAIN, SNOM], ids=["pgsm", "snom"])
def test_SA_2_a_plain_account_is_enabled_at_once_and_nobody_is_written_to(
    world: World, fields: dict[str, Any]
) -> None:
    operation = do(world, "activate", **fields)
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "enabled")
    assert sent(world) == []
    world.check()


@pytest.mark.parametrize("way", ["wizard", "batch"])
def test_SA_2_an_automatic_account_is_never_activated_until_its_activation(
    world: World, way: str
) -> None:
    operation = begin(world, way=way)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("waiting", "the app is not installed yet")
    assert state(world) == "never_activated"
    assert not at_the_platform(world)["activated"]


def test_SA_2_a_row_of_a_batch_is_a_command_with_the_profile_and_group_of_all(world: World) -> None:
    for_all = {"customer": "acme", "way": "batch", "group": "sales", "profile": "standard"}
    wanted = Wanted("turnup.secure_account.activate", for_all, {})
    columns = ("fullName", "gsmNumber", "email", "securityModel", "description")
    batch = Bulk(wanted, world.products, columns, "content")
    draft = batch.draft(Row(2, dict(zip(columns, BATCH_ROW.values(), strict=True))))
    fields = draft.event["data"]
    assert (draft.faults, Activate.model_validate(fields).type) == ((), "pgsm")
    world.submit("activate", fields=fields)
    world.settle(timedelta(hours=3))
    assert state(world) == "enabled"
    assert at_the_platform(world)["settings"] == {
        **BATCH_ROW, "group": "sales", "profile": "standard", "virtual_number": "393479999999",
    }  # fmt: skip
    world.check()


def test_SA_4_refresh_brings_messages_and_data_up_to_date(world: World) -> None:
    begin(world)
    world.platform.fault("secure_account", "no_callback")
    user(world, "user_installs")
    assert facts(world, "installation_message") == ("sent",)
    do(world, "refresh")
    assert facts(world, "installation_message", "activation_message") == ("clicked", "none")
    world.settle(timedelta(days=1))
    user(world, "user_fetches")
    do(world, "refresh")
    assert (state(world), facts(world, "activation_message", "keys")) == (
        "enabled",
        ("clicked", "valid"),
    )
    world.check()


def test_SA_6_a_disabled_user_can_neither_call_nor_be_called_and_hears_why(world: World) -> None:
    enable(world)
    do(world, "disable")
    assert (state(world), at_the_platform(world)["calls"]) == ("by_operator", False)
    assert use_device(world, "call") == {
        "error": "account_disabled",
        "announcement": "your account is disabled",
    }
    do(world, "enable")
    assert state(world) == "enabled"
    assert use_device(world, "call") == {"is_connected": True}
    world.check()


def test_SA_6_enable_takes_only_a_disable_back(world: World) -> None:
    operation = begin(world)
    found = refusal(world, "enable")
    assert (found.reason, found.facts["state"]) == ("state_not_allowed", "never_activated")
    assert "send_activation" in found.detail
    do(world, "disable")
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("cancelled", "superseded")
    do(world, "enable")
    assert state(world) == "never_activated"
    world.check()


def test_SA_6_a_disable_that_replaces_the_activation_keeps_the_account_and_its_names(
    world: World,
) -> None:
    begin(world)
    do(world, "disable")
    assert state(world) == "by_operator"
    assert at_the_platform(world)["calls"] is False
    assert refusal(world, "activate", "two", **WIZARD).reason == "user_name_taken"
    assert [each.action for each in world.platform.effects()] == [
        "create_account", "make_installation_link", "stop_calls",
    ]  # fmt: skip
    world.check()


def test_SA_7_revoked_keys_leave_state_and_calls_and_only_a_new_link_brings_new_ones(
    world: World,
) -> None:
    enable(world)
    assert facts(world, "keys", "keys_by") == ("valid", "activation_link")
    do(world, "revoke_keys")
    assert facts(world, "keys", "keys_by") == ("revoked", None)
    assert (state(world), at_the_platform(world)["calls"]) == ("enabled", True)
    before = len(world.platform.effects())
    do(world, "revoke_keys")
    assert len(world.platform.effects()) == before
    do(world, "send_activation")
    assert facts(world, "keys") == ("revoked",)
    user(world, "user_fetches")
    assert facts(world, "keys", "keys_by") == ("valid", "activation_link")
    world.check()


@pytest.mark.parametrize(("does", "by"), [("pin", "pin"), ("duress", "duress_code")])
def test_SA_7_the_account_shows_what_brought_its_new_keys(world: World, does: str, by: str) -> None:
    enable(world)
    do(world, "revoke_keys")
    use_device(world, does)
    world.work()
    assert facts(world, "keys", "keys_by") == ("valid", by)
    world.check()


def test_SA_7_an_account_without_keys_has_none_to_revoke(world: World) -> None:
    do(world, "activate", **PLAIN)
    found = refusal(world, "revoke_keys")
    assert (found.reason, found.status, found.facts) == ("no_keys", 409, {"keys": "none"})
    assert "refresh" in found.detail
    user(world, "user_renews")
    do(world, "revoke_keys")
    assert facts(world, "keys") == ("revoked",)


def test_SA_7_keys_that_nobody_told_of_are_revoked_too(world: World) -> None:
    enable(world)
    do(world, "revoke_keys")
    world.platform.fault("secure_account", "no_callback", count=1)
    use_device(world, "pin")
    world.work()
    assert facts(world, "keys") == ("revoked",)
    assert at_the_platform(world)["status"]["keys"] == "valid"
    do(world, "revoke_keys")
    assert at_the_platform(world)["status"]["keys"] == "revoked"
    world.check()


@pytest.mark.parametrize("reason", ["state_changed", "rejected"])
def test_CO_1_a_revocation_that_the_platform_does_not_begin_ends_and_keeps_nobody_waiting(
    world: World, reason: str
) -> None:
    enable(world)
    told = {"status": 409, "reason": reason}
    world.platform.fault("secure_account", "refuse", action="revoke_keys", value=told)
    operation = world.submit("revoke_keys")
    world.work()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", reason)
    assert (world.rows.tickets(operation), state(world)) == ([], "enabled")
    do(world, "delete")
    world.check()


def test_SA_8_edit_changes_settings_but_neither_type_nor_user_name(world: World) -> None:
    enable(world)
    do(world, "edit", email=EMAIL, group="board", virtual_number="8015")
    assert facts(world, "email", "group", "full_name") == (EMAIL, "board", "Maria Rossi")
    assert at_the_platform(world)["settings"]["virtual_number"] == "8015"
    assert faults(Edit, {"type": "snom", "user_name": "other"}) == ["/type", "/user_name"]
    assert faults(Edit, {}) == [""]


def test_SA_8_an_edited_virtual_number_is_unique_too_and_frees_the_one_before(world: World) -> None:
    do(world, "activate", **PLAIN)
    world.submit("activate", "two", fields={**WIZARD})
    world.settle(timedelta(hours=3))
    clash = world.ask("edit", "two", fields={"virtual_number": "8012"})
    assert clash.reason == "virtual_number_taken"  # type: ignore[union-attr]
    do(world, "edit", virtual_number="8016")
    assert isinstance(world.ask("edit", "two", fields={"virtual_number": "8012"}), Accepted)
    world.work()
    world.check()


def test_CO_11_a_virtual_number_that_is_a_telephone_number_is_one_of_the_one_inventory(
    world: World,
) -> None:
    numbers = [{"e164": f"+39061234500{n}", "site": ("Roma", "Ufficio")[n == 4]} for n in (3, 4)]
    sites = [{"name": "Roma", "emergency_address": "Via Appia 1"}, {"name": "Ufficio"}]
    change_customer(world, sites=sites, numbers=numbers)
    number = numbers[0]["e164"]
    assert refusal(world, "activate", **{**PLAIN, "virtual_number": "+390612345009"}).reason == (
        "unknown_number"
    )
    assert refusal(world, "activate", **{**PLAIN, "virtual_number": "+390612345004"}).reason == (
        "no_emergency_address"
    )
    do(world, "activate", **PLAIN)
    do(world, "edit", virtual_number=number)
    do(world, "edit", group="board")
    assert [row["service_id"] for row in world.rows.all("number", e164=number)] == [1]
    other = {**PLAIN, "user_name": "other", "virtual_number": number}
    assert refusal(world, "activate", "two", **other).reason == "number_taken"
    do(world, "delete")
    assert [row["service_id"] for row in world.rows.all("number", e164=number)] == [None]
    assert isinstance(world.ask("activate", "two", fields=other), Accepted)
    world.check()


def test_SA_8_and_CO_11_an_edit_to_a_number_of_the_own_plan_frees_the_telephone_number_before(
    world: World,
) -> None:
    number = "+390612345003"
    sites = [{"name": "Roma", "emergency_address": "Via Appia 1"}]
    change_customer(world, sites=sites, numbers=[{"e164": number, "site": "Roma"}])
    do(world, "activate", **{**PLAIN, "virtual_number": number})
    other = {**PLAIN, "user_name": "other", "virtual_number": number}
    world.platform.fault("secure_account", "refuse", action="edit_account", count=1)
    world.submit("edit", fields={"virtual_number": "4711"})
    world.work()
    assert refusal(world, "activate", "two", **other).reason == "number_taken"
    world.move_time(timedelta(minutes=1))
    do(world, "edit", virtual_number="4711")
    (held,) = world.rows.all("holding", e164=number)
    assert held["held_until"] == stored(world.now)
    assert isinstance(world.ask("activate", "two", fields=other), Accepted)
    world.work()
    world.check()


def test_SA_8_delete_removes_the_account_for_good_with_its_links(world: World) -> None:
    begin(world)
    do(world, "delete")
    assert (state(world), world.platform.shown("acme/one")) == ("deleted", {})
    assert {row["state"] for row in world.rows.all("secret")} == {"void"}
    assert refusal(world, "activate", **WIZARD).reason == "state_not_allowed"
    world.check()


def test_SA_9_the_licence_follows_the_latest_activation(world: World) -> None:
    enable(world)
    source, licence = facts(world, "licence_from", "licence")
    assert source == "server"
    assert licence == at_the_platform(world)["status"]["licence"]
    user(world, "user_tells")
    assert facts(world, "licence_from", "licence") == ("vendor", None)
    do(world, "send_activation")
    user(world, "user_fetches")
    again = facts(world, "licence_from", "licence")
    assert again[0] == "server"
    assert again[1] not in {None, licence}


def test_SA_9_a_client_that_is_configured_by_hand_asks_the_vendor(world: World) -> None:
    do(world, "activate", **PLAIN)
    assert facts(world, "licence_from", "licence") == ("vendor", None)
