"""What is done for activated users: extensions, changes, logins, and the end (BU-3, BU-7 to BU-11, BU-14)."""

from datetime import timedelta
from typing import Any

import pytest

from schema.customer import Customer
from schema.errors import Refusal, Refused
from schema.store.customers import ChangeCustomer
from schema.store.order import Accepted, Planned
from tests.products.business_user.examples import (
    CUSTOMER,
    EXAMPLES,
    GIVEN_PASSWORD,
    NUMBER,
    OTHER_NUMBER,
    WITHOUT_DESK_PHONE,
)
from tests.products.business_user.site import (
    activate,
    add,
    do,
    groups,
    numbers,
    person,
    reveal,
    says,
    user,
)
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.products.business_user import simulated

OTHER_PHONE = "Yealink T54W"


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with business users."""
    return make_sqlite_world(find_subjects()["business_user"])


def facts(world: World, reference: str = "one") -> dict[str, Any]:
    """Return how the vendor has set a user up."""
    found: dict[str, Any] = user(world, reference)["settings"]
    return found


def refusal(world: World, verb: str, reference: str = "one", **fields: Any) -> Refusal:
    """Return why something is refused."""
    found = world.ask(verb, reference, fields=fields)
    assert isinstance(found, Refusal), found
    return found


def test_BU_3_the_extension_is_the_last_four_digits_unless_it_is_given(world: World) -> None:
    add(world)
    add(world, "two", fields=person(2, extension="77"))
    assert (facts(world)["extension"], facts(world, "two")["extension"]) == ("5001", "77")


def test_BU_3_an_extension_that_is_taken_at_the_site_is_refused_asking_for_another(
    world: World,
) -> None:
    add(world, extension="5002")
    refused = refusal(world, "activate", "two", **person(2))
    assert (refused.reason, refused.status) == ("extension_taken", 409)
    assert "give another one" in refused.detail
    assert [each.pointer for each in refused.faults] == ["/data/extension"]
    assert isinstance(world.ask("activate", "two", fields=person(2, extension="6002")), Accepted)
    world.check()


def test_BU_3_two_at_once_do_not_get_the_same_extension(world: World) -> None:
    orders = [
        world.order("activate", name, fields=person(number, extension="100"), event_id=name)
        for name, number in (("one", 1), ("two", 2))
    ]
    first, second = world.hand_in(*orders)
    assert isinstance(first, Accepted)
    assert isinstance(second, Refusal)
    assert second.reason == "extension_taken"


def test_BU_3_an_extension_is_taken_at_one_site_only(world: World) -> None:
    there = {"name": "Milano", "emergency_address": "Corso Como 1, Milano"}
    told = {**CUSTOMER, "sites": [*CUSTOMER["sites"], there]}
    told["numbers"] = [*CUSTOMER["numbers"], {"e164": "+390212345001", "site": "Milano"}]
    record = Customer.model_validate({"version": 2, "name": "Acme", **told})
    world.writer.store(ChangeCustomer("acme", record))
    activate(world)
    activate(world, "two", fields=person(2, number="+390212345001"))
    refused = refusal(world, "update", "two", number="+390612345003")
    assert (refused.reason, "Roma" in refused.detail) == ("extension_taken", True)
    do(world, "update", "two", number="+390612345003", extension="33")
    assert facts(world, "two")["extension"] == "33"
    world.check()


def test_BU_3_who_has_a_number_that_the_customer_has_lost_gets_no_extension_at_no_site(
    world: World,
) -> None:
    activate(world)
    lost = Customer.model_validate({"version": 2, "name": "Acme", **CUSTOMER, "numbers": []})
    world.writer.store(ChangeCustomer("acme", lost))
    refused = refusal(world, "update", extension="7777")
    assert (refused.reason, refused.status) == ("unknown_number", 409)
    assert [each.pointer for each in refused.faults] == ["/data/extension"]
    do(world, "update", package="premium")
    world.check()


def test_BU_7_delete_frees_the_number_at_once_and_names_who_else_was_in_the_groups(
    world: World,
) -> None:
    activate(world)
    activate(world, "two", fields=person(2))
    for name in ("one", "two"):
        do(world, "join_group", name, kind="hunt_group", group="reception")
    do(world, "join_group", kind="pickup", group="alone")
    do(world, "delete")
    service = world.rows.service()
    assert (service["state"], world.platform.shown("acme/one")) == ("deleted", {})
    told = world.products["business_user"].shown_in("deleted", world.rows.facts())
    assert told == {
        "members_to_tell": [{"group": "hunt_group reception", "members": ["user.2"]}],
    }
    assert isinstance(world.ask("activate", "three", fields=person(1)), Accepted)
    world.check()


def test_BU_7_the_answer_to_delete_names_the_one_net_business_team(world: World) -> None:
    activate(world)
    planned = world.ask("delete", is_dry_run=True)
    assert isinstance(planned, Planned)
    answer = world.ask("delete")
    assert isinstance(answer, Accepted)
    assert planned.advice == answer.advice
    assert "One Net Business team" in str(answer.advice)
    repeated = world.double(answer.operation)
    assert isinstance(repeated, Accepted)
    assert (repeated.is_repeat, repeated.advice) == (True, answer.advice)
    world.work()
    again = world.ask("delete")
    assert isinstance(again, Accepted)
    assert again.advice is None


def test_BU_7_who_was_removed_by_the_team_can_be_deleted_here_too(world: World) -> None:
    activate(world)
    says(world, "user_goes")
    do(world, "delete")
    assert (world.rows.service()["state"], numbers(world)) == ("deleted", {})
    world.check()


def test_BU_7_a_deletion_is_not_taken_back(world: World) -> None:
    activate(world)
    gate = world.platform.hold("delete_user", most=1)
    operation = world.submit("delete")
    world.until(lambda: gate.reached == 1)
    refused = world.cancel(operation)
    assert isinstance(refused, Refusal)
    world.platform.open("delete_user")
    world.work()
    assert world.rows.service()["state"] == "deleted"


def test_BU_8_a_new_number_keeps_the_extension_unless_one_is_given(world: World) -> None:
    activate(world)
    do(world, "update", number=OTHER_NUMBER)
    assert (facts(world)["number"], facts(world)["extension"]) == (OTHER_NUMBER, "5001")
    assert list(numbers(world)) == [OTHER_NUMBER]
    assert refusal(world, "activate", "two", **person(3, extension="5001")).status == 409
    do(world, "update", number=NUMBER, extension="88")
    assert (facts(world)["number"], facts(world)["extension"]) == (NUMBER, "88")
    assert world.rows.facts()["extension"] == "88"
    assert isinstance(world.ask("activate", "two", fields=person(2, extension="5001")), Accepted)
    world.check()


def test_BU_5_who_joins_a_second_group_stays_in_the_first(world: World) -> None:
    activate(world)
    do(world, "join_group", kind="pickup", group="sales")
    do(world, "join_group", kind="park", group="lobby")
    assert [each["group"] for each in world.rows.facts()["groups"]] == ["sales", "lobby"]
    assert groups(world) == [("pickup", "sales"), ("park", "lobby")]
    do(world, "leave_group", kind="pickup", group="sales")
    assert [each["group"] for each in world.rows.facts()["groups"]] == ["lobby"]
    world.check()


def test_BU_8_an_extension_is_changed_without_a_number(world: World) -> None:
    activate(world)
    do(world, "update", extension="99")
    assert (facts(world)["number"], facts(world)["extension"]) == (NUMBER, "99")
    assert list(numbers(world)) == [NUMBER]
    world.check()


def test_BU_8_a_change_that_is_cancelled_leaves_number_and_settings_as_they_were(
    world: World,
) -> None:
    activate(world)
    before, facts_before = user(world), world.rows.facts()
    gate = world.platform.hold("modify_user", most=1)
    operation = world.submit("update", fields={"number": OTHER_NUMBER, "package": "premium"})
    world.until(lambda: gate.reached == 1)
    assert isinstance(world.cancel(operation), Accepted)
    world.platform.open("modify_user")
    world.settle(timedelta(hours=1))
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert (user(world), world.rows.facts()) == (before, facts_before)
    assert list(numbers(world)) == [NUMBER]
    assert isinstance(world.ask("activate", "two", fields=person(2)), Accepted)
    world.check()


def test_BU_8_user_name_package_options_and_mobile_are_changed(world: World) -> None:
    activate(world)
    wanted: dict[str, Any] = {"user_name": "m.rossi", "package": "premium"}
    wanted |= {"options": ["recording"]}
    mobile = {"mobile": "+393331234567", "contract_number": "C-4711"}
    do(world, "update", **wanted, **mobile)
    assert facts(world) | wanted | mobile == facts(world)


def test_BU_1_an_update_leaves_no_mobile_without_its_contract(world: World) -> None:
    activate(world)
    refused = refusal(world, "update", mobile="+393331234567")
    assert (refused.status, [each.pointer for each in refused.faults]) == (
        422,
        ["/data/contract_number"],
    )
    refused = refusal(world, "update", no_desk_phone=True)
    assert [each.pointer for each in refused.faults] == ["/data/mobile", "/data/contract_number"]
    do(world, "update", no_desk_phone=True, mobile="+393331234567", contract_number="C-4711")
    do(world, "update", mobile="+393337654321")
    world.check()


def test_BU_9_login_details_are_shown_once_each_time_that_they_are_made(world: World) -> None:
    activate(world)
    seen = [reveal(world)]
    with pytest.raises(Refused, match="shown once; new_passwords makes a new one"):
        reveal(world)
    do(world, "update", desk_phone=OTHER_PHONE)
    seen.append(reveal(world))
    do(world, "new_login")
    seen.append(reveal(world))
    passwords = {row["password"] for rows in seen for row in rows}
    assert len(passwords) == 3
    assert seen[1][0]["desk_phone"] == OTHER_PHONE
    assert user(world)["login"]["password"] == seen[-1][0]["password"]
    do(world, "update", package="premium")
    with pytest.raises(Refused, match="shown once"):
        reveal(world)
    world.check()


def test_BU_9_who_has_no_desk_phone_has_no_login(world: World) -> None:
    activate(world, fields=WITHOUT_DESK_PHONE)
    with pytest.raises(Refused, match="no secret"):
        reveal(world)
    for verb in ("new_login", "new_passwords", "set_password"):
        assert refusal(world, verb, **EXAMPLES[verb]).reason == "no_desk_phone"
    do(world, "update", desk_phone=OTHER_PHONE)
    assert reveal(world)[0]["desk_phone"] == OTHER_PHONE


def test_BU_9_the_login_of_a_desk_phone_that_is_gone_is_not_shown_any_more(world: World) -> None:
    activate(world)
    mobile = {"mobile": "+393331234567", "contract_number": "C-4711"}
    do(world, "update", no_desk_phone=True, **mobile)
    with pytest.raises(Refused, match="expired"):
        reveal(world)


def test_BU_10_new_passwords_of_many_users_make_one_export_that_is_shown_once(
    world: World,
) -> None:
    names = ("one", "two", "three")
    for number, name in enumerate(names, 1):
        activate(world, name, fields=person(number))
    add(world, "four", is_played=True, fields=person(4))
    answers = world.hand_in(
        *(world.order("new_passwords", each, event_id=each) for each in (*names, "four"))
    )
    assert [isinstance(each, Accepted) for each in answers] == [True, True, True, False]
    world.work()
    rows = [row for each in names for row in reveal(world, each)]
    assert [row["user_name"] for row in rows] == ["user.1", "user.2", "user.3"]
    wanted = [user(world, each)["login"]["password"] for each in names]
    assert [row["password"] for row in rows] == wanted
    for each in names:
        with pytest.raises(Refused, match="shown once"):
            reveal(world, each)
    world.check()


def test_BU_10_a_made_password_that_looks_like_a_formula_is_the_right_one_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulated, "password_of", lambda *_: "=1+1")
    activate(world)
    (row,) = reveal(world)
    assert row["password"] == user(world)["login"]["password"] == "=1+1"


def test_BU_10_selected_users_get_one_given_password(world: World) -> None:
    for number, name in ((1, "one"), (2, "two")):
        activate(world, name, fields=person(number))
        do(world, "set_password", name, password=GIVEN_PASSWORD)
        assert user(world, name)["login"]["password"] == GIVEN_PASSWORD
    assert GIVEN_PASSWORD not in repr([world.rows.all("command"), world.rows.all("secret")])
    world.check()


def test_BU_11_an_account_is_reset(world: World) -> None:
    activate(world)
    do(world, "reset_account", user_has_tried=True)
    assert user(world)["reset_by"] is not None


def test_BU_14_a_number_is_somebody_elses_the_next_minute_and_tells_two_users_apart_in_nothing(
    world: World,
) -> None:
    activate(world)
    do(world, "join_group", kind="pickup", group="sales")
    do(world, "delete")
    first = activate(world, "two", fields=person(1))
    assert (first, groups(world, "two")) == (world.rows.all("operation")[-1]["id"], [])
    names = {row["reference"]: row["id"] for row in world.rows.all("service")}
    assert numbers(world) == {NUMBER: names["two"]}
    held = [row["service_id"] for row in world.rows.all("holding", e164=NUMBER)]
    assert held == [names["one"], names["two"]]
    world.check()
