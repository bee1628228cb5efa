"""A code that works no more before its 90 days are over, because the platform says so (ML-4)."""

from datetime import timedelta

import pytest

from schema.errors import Refusal
from schema.store.moments import moment
from schema.store.pools import give_entitlements_back
from schema.store.reveals import Reveal
from tests.products.mobile_line.examples import CUSTOMER, EMAIL
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

ADMIN = CUSTOMER["admins"][0]["email"]
SENT, TOLD = ("activation_code", EMAIL), ("code_expired", ADMIN)


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Return a world with a line whose user does nothing with its code for ten days."""
    world = make_world(find_subjects()["mobile_line"])
    world.platform.fault("mobile_line", "never", action="release_profile", count=1)
    world.submit("activate")
    world.settle(timedelta(days=10))
    assert world.rows.operation(1)["state"] == "waiting"
    return world


def expire(world: World) -> None:
    """Let the platform say that the code works no more."""
    world.platform.person("mobile_line", "acme/one", "code_expires")
    world.work()


def mails(world: World) -> list[tuple[str, str]]:
    """Return template and address of what was mailed."""
    rows = [row for row in world.rows.all("delivery", channel="mail") if row["sent_at"] is not None]
    return [(row["template"], row["recipient"]) for row in rows]


def codes(world: World) -> list[str]:
    """Return how the codes of the line stand, the oldest first."""
    return [str(row["state"]) for row in world.rows.all("secret")]


def test_ML_4_the_platforms_word_is_the_deadline_with_a_ticket_and_the_customer_is_told(
    world: World,
) -> None:
    expire(world)
    world.settle(timedelta(seconds=1))
    (ticket,) = world.rows.tickets(1)
    assert (ticket["state"], ticket["severity"]) == ("open", "low")
    row = world.rows.operation(1)
    assert (row["state"], row["reason"]) == ("waiting", "the code has expired")
    assert moment(row["deadline_at"]) == world.now - timedelta(seconds=1)
    assert world.rows.service()["state"] == "activation_pending"
    assert mails(world) == [SENT, TOLD]
    assert "jeopardy" not in world.rows.story(1)
    world.settle(timedelta(days=100))
    assert mails(world) == [SENT, TOLD]
    assert world.rows.tickets(1) == [ticket]
    world.check()


def test_ML_4_what_the_platform_lets_expire_is_neither_shown_nor_mailed(world: World) -> None:
    expire(world)
    assert codes(world) == ["expired"]
    code = world.rows.all("secret")[0]["id"]
    shown = world.writer.store(Reveal((code,), "Anna"))[code]
    for refused, renewed in (
        (shown, "; reissue_code makes a new one"),
        (world.ask("send_code"), ""),
    ):
        assert isinstance(refused, Refusal)
        told = (refused.reason, refused.detail)
        assert told == ("secret_not_valid", f"the activation_code is expired{renewed}")


def test_ML_4_an_expiry_of_an_earlier_code_does_not_touch_the_new_one(world: World) -> None:
    service = world.rows.service()
    (line,) = world.platform.shown("acme/one").values()
    facts = {"iccid": line["profiles"][0]["iccid"], "sequence": 99}
    world.platform.fault("mobile_line", "never", action="release_profile", count=1)
    world.submit("reissue_code")
    world.work()
    world.signal("expired", product="mobile_line", platform_id=service["platform_id"], facts=facts)
    world.work()
    assert codes(world) == ["replaced", "valid"]
    assert world.rows.tickets(1) == []
    assert world.rows.operation(1)["reason"] == "the line is not on the phone yet"


def test_ML_4_after_an_early_expiry_a_new_code_ends_the_wait_well(world: World) -> None:
    expire(world)
    world.settle(timedelta(hours=1))
    world.submit("reissue_code", fields={"reason": "expired"})
    world.settle(timedelta(days=1))
    assert codes(world) == ["expired", "used"]
    assert world.rows.service()["state"] == "online"
    (ticket,) = world.rows.tickets(1)
    assert (world.rows.operation(1)["outcome"], ticket["state"]) == ("late", "resolved")
    world.check()


def test_ML_4_an_expiry_that_was_not_told_is_seen_at_the_daily_look(world: World) -> None:
    world.platform.fault("mobile_line", "no_callback", count=1)
    expire(world)
    assert world.rows.tickets(1) == []
    world.settle(timedelta(days=1, minutes=1))
    (ticket,) = world.rows.tickets(1)
    assert ticket["severity"] == "low"
    assert mails(world) == [SENT, TOLD]
    world.check()


def test_ML_4_send_code_asks_the_platform_and_mails_no_code_that_works_no_more(
    world: World,
) -> None:
    world.platform.fault("mobile_line", "no_callback", count=1)
    expire(world)
    operation = world.submit("send_code")
    world.work()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "rejected")
    assert world.rows.tickets(operation) == []
    assert SENT not in mails(world)[1:]


def test_ML_8_an_entitlement_is_given_back_once_however_often_it_is_asked(world: World) -> None:
    world.submit(
        "activate", "two", fields={"user": "Ugo", "email": EMAIL, "number": "+390612345002"}
    )
    world.work()
    service = world.rows.service()["id"]
    for _ in range(2):
        world.do(lambda transaction: give_entitlements_back(transaction, [service]))
    (pool,) = world.rows.all("pool")
    assert pool["taken"] == 1
