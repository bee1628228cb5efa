"""The business line on a mobile phone, rule by rule; the vendor's user scans a first code by himself."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from producers.reading import Reader
from schema.asker import Asker
from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from schema.store.deliveries import MAIL
from schema.store.moments import moment
from schema.store.order import Accepted, Order
from tests.products.mobile_line.examples import CUSTOMER, EMAIL, EXAMPLES, SECRETS
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.worker import SEALER
from tests.world.world import World
from workers.simulator.reception import Reply

ADMIN = "anna@acme.example"


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with mobile lines."""
    return make_sqlite_world(find_subjects()["mobile_line"])


def change_customer(world: World, **fields: Any) -> None:
    """Store a newer record of the customer."""
    record = {"version": 2, "name": "Acme", **CUSTOMER, **fields}
    world.writer.store(ChangeCustomer("acme", Customer.model_validate(record)))


def begin(world: World) -> int:
    """Activate a line whose user does nothing yet."""
    world.platform.fault("mobile_line", "never", action="release_profile", count=1)
    operation = world.submit("activate")
    world.work()
    return operation


def bring_online(world: World) -> None:
    """Activate a line, and have it on the phone."""
    world.submit("activate")
    world.settle(timedelta(days=1))
    assert state(world) == "online"


def read(world: World, reference: str, number: str) -> Order:
    """Return what a door makes of an `activate`."""
    named = {"specversion": "1.0", "id": f"{reference} {number}", "source": "crm"}
    data = {**EXAMPLES["activate"], "number": number}
    event = {**named, "type": "turnup.mobile_line.activate", "subject": f"acme/{reference}"}
    order = Reader(world.products, SEALER).read({**event, "data": data}, Asker("me"))
    assert isinstance(order, Order)
    return order


def state(world: World) -> str:
    """Return the line's state."""
    return str(world.rows.service()["state"])


def mails(world: World, operation: int | None = None) -> list[tuple[str, str]]:
    """Return template and address of what was mailed, for an operation or all."""
    rows = [row for row in world.rows.all("delivery") if row["channel"] == MAIL]
    mine = [row for row in rows if operation in {None, row["operation_id"]}]
    return [(row["template"], row["recipient"]) for row in mine if row["sent_at"] is not None]


def codes(world: World) -> list[str]:
    """Return how the codes of the line stand, the oldest first."""
    return [str(row["state"]) for row in world.rows.all("secret")]


def profiles(world: World) -> list[str]:
    """Return how the line's profiles stand at the vendor, the oldest first."""
    (shown,) = world.platform.shown("acme/one").values()
    return [str(each["state"]) for each in shown["profiles"]]


def test_ML_1_the_line_waits_for_the_phone_and_has_taken_an_entitlement(world: World) -> None:
    operation = begin(world)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("waiting", "the line is not on the phone yet")
    assert state(world) == "activation_pending"
    (pool,) = world.rows.all("pool")
    assert (pool["total"], pool["taken"]) == (3, 1)
    world.settle(timedelta(days=1))
    world.platform.person("mobile_line", "acme/one", "user_scans")
    world.settle(timedelta(hours=1))
    assert (world.rows.operation(operation)["outcome"], state(world)) == ("on_time", "online")
    world.check()


def test_ML_1_without_an_entitlement_it_is_refused(world: World) -> None:
    change_customer(world, entitlements={"mobile_line": 0})
    answer = world.ask("activate")
    assert isinstance(answer, Refusal)
    assert answer.reason == "no_entitlement"


def test_CO_11_two_writings_of_a_number_are_one_and_people_read_theirs(world: World) -> None:
    change_customer(world, numbers=[{"e164": "0039 06 1234-5001", "site": "Roma"}])
    operation = world.hand_in(read(world, "one", "tel:+39-06-1234-5001"))[0]
    assert isinstance(operation, Accepted)
    again = world.hand_in(read(world, "two", "+39 (06) 12 34 50 01"))[0]
    assert isinstance(again, Refusal)
    assert again.reason == "number_taken"
    world.settle(timedelta(days=1))
    assert json.loads(world.rows.service()["facts"])["number"] == "+390612345001"
    (mail,) = world.rows.all("delivery", operation_id=operation.operation)
    assert json.loads(mail["facts"])["number"] == "06 1234 5001"
    world.check()


def test_ML_3_the_code_is_mailed_to_the_user(world: World) -> None:
    operation = begin(world)
    assert mails(world, operation) == [("activation_code", EMAIL)]
    assert codes(world) == ["valid"]


def test_ML_3_with_suppressed_mail_it_goes_out_only_on_the_admins_word(world: World) -> None:
    change_customer(world, suppress_email=True)
    begin(world)
    assert mails(world) == []
    world.submit("send_code", fields={"email": "right@acme.example"})
    world.work()
    assert mails(world) == [("activation_code", "right@acme.example")]
    world.check()


def test_ML_4_an_expired_code_leaves_the_line_pending_with_a_ticket_and_the_customer_is_told(
    world: World,
) -> None:
    operation = begin(world)
    world.settle(timedelta(days=89))
    assert world.rows.tickets(operation) == []
    world.settle(timedelta(days=3))
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["severity"]) == ("open", "low")
    assert state(world) == "activation_pending"
    assert mails(world) == [("activation_code", EMAIL), ("code_expired", ADMIN)]
    answer = world.ask("send_code")
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.status) == ("secret_not_valid", 409)
    assert answer.detail == "the activation_code is expired"
    world.check()


def test_ML_4_a_code_that_is_used_meanwhile_is_refused_at_the_door(world: World) -> None:
    bring_online(world)
    world.platform.person("mobile_line", "acme/one", "user_removes")
    world.settle(timedelta(hours=1))
    assert state(world) == "activation_pending"
    answer = world.ask("send_code")
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.detail) == (
        "secret_not_valid",
        "the activation_code is used",
    )
    world.check()


def test_ML_4_a_used_code_is_not_mailed_again(world: World) -> None:
    bring_online(world)
    assert codes(world) == ["used"]
    answer = world.ask("send_code")
    assert isinstance(answer, Refusal)
    assert "used" in answer.detail


def test_ML_5_a_new_code_makes_the_earlier_one_invalid_and_gives_the_activation_its_time(
    world: World,
) -> None:
    first = begin(world)
    world.settle(timedelta(days=30))
    again = world.submit("reissue_code")
    world.work()
    assert world.rows.operation(again)["state"] == "succeeded"
    assert codes(world) == ["replaced", "valid"]
    assert profiles(world) == ["unavailable", "released"]
    expires_at = moment(world.rows.all("secret")[-1]["expires_at"])
    assert moment(world.rows.operation(first)["deadline_at"]) == expires_at
    assert expires_at - world.now == timedelta(days=90)
    world.settle(timedelta(days=1))
    assert (world.rows.operation(first)["outcome"], state(world)) == ("on_time", "online")
    world.check()


@pytest.mark.parametrize("how", ["enabled", "disabled"])
def test_ML_5_on_a_phone_it_is_refused_with_what_to_do_first(world: World, how: str) -> None:
    bring_online(world)
    world.person(how)
    world.work()
    answer = world.ask("reissue_code")
    assert isinstance(answer, Refusal)
    assert "remove it" in answer.detail
    assert "report_lost" in answer.detail


def test_ML_6_what_the_phone_does_moves_the_line(world: World) -> None:
    bring_online(world)
    seen = []
    for does in ("disabled", "enabled", "removed"):
        world.person(does)
        world.work()
        seen.append(state(world))
    assert seen == ["offline", "online", "activation_pending"]
    assert codes(world) == ["used"]
    world.check()


def test_ML_6_an_event_of_another_profile_or_an_old_one_changes_nothing(world: World) -> None:
    bring_online(world)
    service = world.rows.service()
    told = {"platform_id": service["platform_id"], "product": "mobile_line"}
    world.signal("disabled", facts={"iccid": "another", "sequence": 99}, **told)
    iccid = world.platform.shown("acme/one")[service["platform_id"]]["profiles"][0]["iccid"]
    world.signal("disabled", facts={"iccid": iccid, "sequence": 1}, **told)
    world.work()
    assert state(world) == "online"
    world.check()


def test_ML_7_a_lost_phone_is_cut_off_before_there_is_a_new_code(world: World) -> None:
    bring_online(world)
    before = len(world.platform.effects())
    operation = world.submit("report_lost", fields={"to_admin_only": True})
    world.work()
    assert world.rows.operation(operation)["state"] == "succeeded"
    done = [effect.action for effect in world.platform.effects()[before:]]
    assert done == [
        "stop_calls",
        "download_order",
        "cancel_order",
        "confirm_order",
        "allow_calls",
        "release_profile",
    ]
    assert state(world) == "activation_pending"
    assert profiles(world) == ["unavailable", "released"]
    assert mails(world, operation) == [("activation_code", ADMIN)]
    world.check()


@pytest.mark.parametrize(("suppresses", "told"), [(False, EMAIL), (True, ADMIN)])
def test_ML_8_delete_stops_calls_and_gives_the_entitlement_back(
    world: World,
    suppresses: bool,  # noqa: FBT001  a parameter of the test
    told: str,
) -> None:
    bring_online(world)
    change_customer(world, suppress_email=suppresses)
    before = len(world.platform.effects())
    operation = world.submit("delete")
    world.settle(timedelta(hours=1))
    assert state(world) == "deleted"
    done = [effect.action for effect in world.platform.effects()[before:]]
    assert done == ["stop_calls", "cancel_order", "remove_line"]
    (pool,) = world.rows.all("pool")
    assert pool["taken"] == 0
    assert mails(world, operation) == [("line_deleted", told)]
    world.check()


def test_ML_8_delete_replaces_a_waiting_activation(world: World) -> None:
    first = begin(world)
    assert isinstance(world.ask("delete"), Accepted)
    world.settle(timedelta(hours=1))
    row = world.rows.operation(first)
    assert (row["state"], row["reason"]) == ("cancelled", "superseded")
    assert (state(world), world.platform.shown("acme/one")) == ("deleted", {})
    assert "valid" not in codes(world)
    assert world.rows.all("pool")[0]["taken"] == 0
    world.check()


def test_ML_9_refresh_adopts_what_the_user_view_says_and_never_asks_the_device_view(
    world: World,
) -> None:
    bring_online(world)
    world.platform.fault("mobile_line", "no_callback", count=1)
    world.person("disabled")
    world.work()
    assert state(world) == "online"
    world.submit("refresh")
    world.work()
    assert state(world) == "offline"
    world.settle(timedelta(days=2))
    assert "show_device" not in {each.action for each in world.platform.calls}
    world.check()


def test_CO_8_disabled_before_enabled_was_seen_ends_the_activation_well(world: World) -> None:
    operation = begin(world)
    world.platform.fault("mobile_line", "no_callback")
    world.platform.fault("mobile_line", "never")
    world.platform.person("mobile_line", "acme/one", "user_scans")
    world.work()
    world.platform.mend()
    world.person("disabled")
    world.settle(timedelta(days=2))
    assert (world.rows.operation(operation)["state"], state(world)) == ("succeeded", "offline")
    world.check()


def test_CO_3_a_profile_that_is_gone_needs_no_undoing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = world.platform.take

    def lose(method: str, path: str, options: Mapping[str, Any]) -> Reply:
        if path.endswith("/confirmOrder"):
            told = {**options["json"], "finalProfileStatusIndicator": "Available"}
            del told["releaseFlag"]
            gone = {"json": told, "headers": {"Idempotency-Key": "op_1:by_hand:0"}}
            take(method, path.replace("confirm", "cancel"), gone)
        return take(method, path, options)

    monkeypatch.setattr(world.platform, "take", lose)
    operation = world.submit("activate")
    world.work()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"], state(world)) == ("failed", "state_changed", "deleted")
    world.check()


def test_CO_4_a_code_stands_nowhere_in_the_clear(world: World) -> None:
    bring_online(world)
    names = ("history", "delivery", "secret", "service", "signal", "command", "operation")
    stored = repr([world.rows.all(name) for name in names])
    assert not [each for each in SECRETS if each in stored or each in repr(world.logs)]
