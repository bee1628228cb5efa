"""A user waits until the vendor's team says that he is activated, or that he could not be (BU-4 to BU-6, BU-12)."""

from datetime import timedelta
from typing import Any

import pytest

from schema.errors import Refusal
from schema.store.order import Accepted
from schema.store.retries import Retry
from tests.products.business_user.examples import NUMBER
from tests.products.business_user.site import (
    A_DAY,
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
from tests.workers.test_evidence import evidence
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.products.business_user.steps import STAYS

SALES, RECEPTION = ("pickup", "sales"), ("hunt_group", "reception")
#: How the platform calls what is asked for.
DOES = {"change_services": "change_services", "join_group": "join_groups"}
LATER: dict[str, Any] = {"kind": "hunt_group", "group": "reception", "when_activated": True}


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with business users."""
    return make_sqlite_world(find_subjects()["business_user"])


def state(world: World) -> str:
    """Return the user's state."""
    return str(world.rows.service()["state"])


def refusal(world: World, verb: str, **fields: Any) -> Refusal:
    """Return why something is refused."""
    example = world.subjects["business_user"].examples[verb]
    found = world.ask(verb, fields=fields or example)
    assert isinstance(found, Refusal), found
    return found


def test_BU_4_a_user_is_pending_until_the_platform_says_that_he_is_activated(world: World) -> None:
    operation = add(world)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("waiting", "the user is not activated yet")
    assert state(world) == "pending"
    world.settle(A_DAY)
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "activated")
    assert world.rows.moves() == ["new", "pending", "activated"]
    world.check()


def test_BU_4_what_has_failed_is_at_once_a_ticket_of_the_one_net_business_team(
    world: World,
) -> None:
    operation = add(world, is_played=True)
    says(world, "activation_fails")
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["desk"]) == ("open", "one_net_business")
    assert (world.rows.operation(operation)["state"], state(world)) == ("waiting", "failed")
    world.settle(timedelta(days=10))
    assert world.rows.tickets(operation) == [ticket]
    world.check()


def test_BU_4_who_is_pending_for_two_business_days_is_a_ticket_too(world: World) -> None:
    operation = add(world, is_played=True)
    world.settle(timedelta(days=2, hours=7, minutes=59))
    assert world.rows.tickets(operation) == []
    world.settle(timedelta(hours=1))
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], state(world)) == ("open", "pending")
    assert "change_services" in ticket["body"]
    says(world, "activation_fails")
    assert len(world.rows.tickets(operation)) == 1
    assert "could not be activated" in world.rows.comments(operation)[-1]
    world.check()


def test_BU_4_what_the_platform_did_not_tell_is_seen_at_the_daily_look(world: World) -> None:
    operation = add(world, is_played=True)
    world.platform.fault("business_user", "no_callback", count=1)
    says(world, "activation_fails")
    assert state(world) == "pending"
    world.settle(A_DAY + timedelta(minutes=1))
    assert (state(world), len(world.rows.tickets(operation))) == ("failed", 1)
    world.check()


@pytest.mark.parametrize("verb", ["change_services", "join_group"])
def test_BU_4_an_outage_of_what_goes_on_beside_keeps_nobody_from_hearing_that_he_has_failed(
    world: World, verb: str
) -> None:
    operation = add(world, is_played=True)
    world.platform.fault("business_user", "outage", action=DOES[verb])
    beside = world.submit(verb)
    world.settle(timedelta(minutes=1))
    assert world.rows.service()["holder"] == beside
    says(world, "activation_fails")
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["desk"], state(world)) == ("one_net_business", "failed")
    world.check()
    world.platform.mend()
    world.settle(timedelta(minutes=5))
    row = world.rows.operation(beside)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    world.check()


def between(world: World, said: str) -> int:
    """Add a user of whom the vendor's team says something before his login is made."""
    world.platform.fault("business_user", "outage", action="make_login", count=1)
    operation = add(world, is_played=True)
    world.platform.person("business_user", "acme/one", said)
    return operation


def test_BU_4_who_fails_before_his_login_is_made_is_a_failed_user_with_his_ticket_too(
    world: World,
) -> None:
    operation = between(world, "activation_fails")
    world.settle(timedelta(minutes=10))
    assert (state(world), len(world.rows.tickets(operation))) == ("failed", 1)
    assert list(numbers(world)) == [NUMBER]
    says(world, "activation_succeeds")
    assert state(world) == "activated"
    do(world, "new_passwords")
    assert reveal(world)[0]["password"] == user(world)["login"]["password"]
    world.check()


def test_CO_10_who_was_activated_before_his_login_was_refused_keeps_his_number_and_is_a_ticket(
    world: World,
) -> None:
    operation = between(world, "activation_succeeds")
    world.platform.fault("business_user", "refuse", action="make_login", count=1)
    world.settle(timedelta(minutes=10))
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"], state(world)) == ("waiting", "parked", "pending")
    assert list(numbers(world)) == [NUMBER]
    (ticket,) = world.rows.tickets(operation)
    assert "only the One Net Business team can take him back" in ticket["body"]
    says(world, "user_goes")
    assert isinstance(world.writer.store(Retry(operation, "Anna")), Accepted)
    world.settle(timedelta(minutes=10))
    assert (state(world), numbers(world)) == ("deleted", {})
    assert len(world.rows.tickets(operation)) == 1
    world.check()


def test_BU_5_a_pending_user_is_neither_changed_nor_deleted(world: World) -> None:
    add(world, is_played=True)
    for verb in ("update", "new_login", "new_passwords", "set_password", "reset_account", "delete"):
        refused = refusal(world, verb)
        assert (refused.reason, refused.facts["state"]) == ("state_not_allowed", "pending")
    world.check()


def test_BU_5_a_pending_users_services_and_groups_can_be_changed_while_he_waits(
    world: World,
) -> None:
    operation = add(world, is_played=True)
    do(world, "change_services", services=["voicemail"], last_name="Bianchi")
    do(world, "join_group", kind="pickup", group="sales")
    do(world, "join_group", kind="park", group="floor 2")
    do(world, "leave_group", kind="park", group="floor 2")
    assert groups(world) == [SALES]
    assert user(world)["settings"]["last_name"] == "Bianchi"
    assert world.rows.operation(operation)["state"] == "waiting"
    world.check()


@pytest.mark.parametrize("kind", ["hunt_group", "call_centre"])
def test_BU_5_groups_of_who_can_be_called_are_refused_or_joined_once_he_is_activated(
    world: World, kind: str
) -> None:
    add(world, is_played=True)
    refused = refusal(world, "join_group", kind=kind, group="reception")
    assert (refused.reason, refused.status) == ("state_not_allowed", 409)
    assert "when_activated" in refused.detail
    do(world, "join_group", kind=kind, group="reception", when_activated=True)
    assert groups(world) == []
    says(world, "activation_succeeds")
    assert (state(world), groups(world)) == ("activated", [(kind, "reception")])
    world.check()


def test_CO_12_who_cannot_be_taken_back_is_a_ticket_with_the_platforms_request_id(
    world: World,
) -> None:
    world.platform.fault("business_user", "refuse", action="make_login", count=1)
    gate = world.platform.hold("withdraw_user", most=1)
    operation = world.submit("activate")
    world.until(lambda: gate.reached == 1)
    world.platform.person("business_user", "acme/one", "activation_succeeds")
    world.platform.open("withdraw_user")
    world.poisonous.add(operation)
    world.work()
    assert world.rows.operation(operation)["reason"] == "parked"
    (ticket,) = world.rows.tickets(operation)
    assert STAYS in ticket["body"]
    assert evidence(ticket["body"])["Request"].startswith("req_")
    world.check()


def test_BU_5_what_waits_for_the_activation_can_be_withdrawn(world: World) -> None:
    add(world, is_played=True)
    do(world, "join_group", **LATER)
    do(world, "join_group", **LATER | {"group": "night"})
    do(world, "leave_group", kind="hunt_group", group="reception")
    says(world, "activation_succeeds")
    assert groups(world) == [("hunt_group", "night")]
    assert "leave_group" not in {each.action for each in world.platform.calls}
    world.check()


def test_BU_5_nothing_waits_for_a_group_that_a_pending_user_is_in_already(world: World) -> None:
    add(world, is_played=True)
    pickup = {"kind": "pickup", "group": "sales"}
    do(world, "join_group", **pickup)
    do(world, "join_group", **pickup, when_activated=True)
    assert world.rows.facts()["deferred"] == []
    do(world, "leave_group", **pickup)
    assert (groups(world), world.rows.facts()["groups"]) == ([], [])
    world.check()


def test_BU_5_a_deferred_group_that_is_refused_leaves_an_activated_user_and_a_ticket(
    world: World,
) -> None:
    operation = add(world, is_played=True)
    do(world, "join_group", **LATER)
    world.platform.fault("business_user", "refuse", action="join_groups", count=1)
    world.poisonous.add(operation)
    says(world, "activation_succeeds")
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"], state(world)) == ("waiting", "parked", "activated")
    assert len(world.rows.tickets(operation)) == 1
    world.check()


def test_BU_5_a_deferred_group_that_is_gone_is_withdrawn_and_the_activation_ends(
    world: World,
) -> None:
    operation = add(world, is_played=True)
    do(world, "join_group", **LATER)
    do(world, "join_group", **LATER | {"group": "night"})
    world.platform.fault("business_user", "refuse", action="join_groups")
    says(world, "activation_succeeds")
    assert world.rows.operation(operation)["reason"] == "parked"
    do(world, "leave_group", kind="hunt_group", group="reception")
    world.platform.mend()
    assert isinstance(world.writer.store(Retry(operation, "Anna")), Accepted)
    world.settle(timedelta(minutes=1))
    row = world.rows.operation(operation)
    assert (row["state"], groups(world)) == ("succeeded", [("hunt_group", "night")])
    do(world, "delete")
    world.check()


def test_BU_6_a_failed_user_is_nobodys_to_change_and_the_ticket_says_so(world: World) -> None:
    operation = add(world, is_played=True)
    says(world, "activation_fails")
    for verb in world.subjects["business_user"].product.verbs:
        refused = refusal(world, verb)
        assert (refused.reason, refused.facts["allowed"]) == ("state_not_allowed", [])
    (ticket,) = world.rows.tickets(operation)
    assert "can be neither changed nor deleted here" in ticket["body"]
    assert "No command is taken for the service meanwhile" in ticket["body"]
    assert "turnup cancel" not in ticket["body"]
    assert isinstance(world.cancel(operation), Refusal)
    world.check()


def test_BU_6_a_failed_user_who_is_activated_after_all_has_his_groups_and_no_ticket(
    world: World,
) -> None:
    operation = add(world, is_played=True)
    do(world, "join_group", **LATER)
    says(world, "activation_fails")
    assert user(world)["groups"] == []
    world.settle(timedelta(days=5))
    says(world, "activation_succeeds")
    assert (state(world), groups(world)) == ("activated", [RECEPTION])
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], world.rows.operation(operation)["outcome"]) == ("resolved", "late")
    world.check()


def test_BU_6_a_failed_user_who_is_removed_is_deleted_and_his_number_is_free(world: World) -> None:
    operation = add(world, is_played=True)
    says(world, "activation_fails")
    says(world, "user_goes")
    assert (state(world), numbers(world)) == ("deleted", {})
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "state_changed")
    assert len(world.rows.tickets(operation)) == 1
    assert isinstance(world.ask("activate", "two", fields=person(1)), Accepted)
    world.check()


def test_BU_6_what_was_in_line_when_he_failed_is_not_done(world: World) -> None:
    add(world, is_played=True)
    world.platform.fault("business_user", "outage", action="change_services")
    first = world.submit("change_services")
    world.work()
    world.platform.person("business_user", "acme/one", "activation_fails")
    world.work()
    world.platform.mend()
    world.settle(timedelta(hours=1))
    row = world.rows.operation(first)
    assert (row["state"], row["reason"], state(world)) == ("failed", "state_changed", "failed")
    assert world.rows.tickets(first) == []
    world.check()


def test_BU_9_the_first_login_can_be_seen_while_the_user_is_pending(world: World) -> None:
    add(world, is_played=True)
    (row,) = reveal(world)
    login = user(world)["login"]
    assert (row["login"], row["password"]) == (login["login"], login["password"])
    assert (row["user_name"], row["extension"]) == ("maria.rossi", NUMBER[-4:])


def test_BU_12_who_has_no_supervisor_service_can_be_supervisor_in_a_call_centre(
    world: World,
) -> None:
    activate(world)
    assert "supervisor" not in user(world)["settings"]["services"]
    do(world, "join_group", kind="call_centre", group="sales", role="supervisor")
    (membership,) = user(world)["groups"]
    assert membership["role"] == "supervisor"
    world.check()


def test_CO_3_an_activation_is_cancelled_only_until_the_platform_is_called(world: World) -> None:
    first = world.submit("activate")
    assert isinstance(world.cancel(first), Accepted)
    assert (state(world), world.platform.effects()) == ("deleted", [])
    second = add(world, "two", is_played=True)
    refused = world.cancel(second)
    assert isinstance(refused, Refusal)
    assert refused.reason == "state_not_allowed"
    world.check()


def test_CO_3_what_is_done_beside_an_activation_can_be_cancelled(world: World) -> None:
    operation = add(world, is_played=True)
    gate = world.platform.hold("join_groups", most=1)
    joining = world.submit("join_group")
    world.until(lambda: gate.reached == 1)
    assert isinstance(world.cancel(joining), Accepted)
    world.platform.open("join_groups")
    world.settle(timedelta(minutes=1))
    assert (world.rows.operation(joining)["state"], groups(world)) == ("cancelled", [])
    assert world.rows.operation(operation)["state"] == "waiting"
    world.check()
