"""What a gateway says of the messages that it has taken: signed, once, and as good as the platform's word (SA-4)."""

import json
from datetime import timedelta

import pytest

from producers.receipts import Receipts
from schema.command import rfc3339
from schema.errors import NotFound, Refused
from schema.store.deliveries import SMS, Parcel
from tests.producers.conftest import SECRET
from tests.producers.test_signals import signed
from tests.products.secure_account.accounts import (
    PRODUCT,
    begin,
    do,
    enable,
    facts,
    sent,
    state,
    user,
)
from tests.products.secure_account.examples import GSM
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.worker import SEALER
from tests.world.world import World
from workers.channels.channel import NotDelivered, Receipt
from workers.channels.wording import Wording
from workers.products.secure_account.notices import NOTICES


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with secure accounts."""
    return make_sqlite_world(find_subjects()["secure_account"])


def tell(world: World, operation: int, **changes: str) -> None:
    """Let the gateway tell of the first message of an operation, and do what follows."""
    (message, *_) = world.rows.all("delivery", operation_id=operation, channel="sms")
    told = {"message_id": message["cause"], "state": "clicked", "at": rfc3339(world.now), **changes}
    body = json.dumps(told).encode()
    door = Receipts(world.database, world.writer, SECRET, lambda *_: None)
    door.take(signed(body), body)
    world.work()


def test_SA_4_a_click_that_the_gateway_saw_sends_the_second_link(world: World) -> None:
    operation = begin(world)
    tell(world, operation)
    assert facts(world, "installation_message") == ("clicked",)
    assert sent(world, operation) == [("sms", "installation", GSM), ("sms", "activation", GSM)]
    world.check()


def test_SA_4_a_click_that_only_the_gateway_saw_is_not_unseen_by_a_refresh(world: World) -> None:
    operation = begin(world)
    tell(world, operation)
    do(world, "refresh")
    assert facts(world, "installation_message", "activation_message") == ("clicked", "sent")
    do(world, "send_installation")
    do(world, "refresh")
    assert facts(world, "installation_message") == ("sent",)
    world.check()


def test_SA_4_a_click_on_a_message_that_was_sent_by_hand_counts_as_well(world: World) -> None:
    enable(world)
    operation = do(world, "send_installation")
    assert facts(world, "installation_message") == ("sent",)
    tell(world, operation)
    tell(world, operation)
    assert facts(world, "installation_message") == ("clicked",)
    world.check()


def test_SA_4_a_click_on_a_link_that_works_no_more_is_kept_and_is_no_click_on_the_newest(
    world: World,
) -> None:
    operation = begin(world)
    world.move_time(timedelta(minutes=1))
    by_hand = do(world, "send_installation")
    tell(world, operation)
    assert facts(world, "installation_message") == ("sent",)
    assert sent(world, operation) == [("sms", "installation", GSM)]
    assert world.rows.all("signal")[-1]["kind"] == "outdated_installation_clicked"
    tell(world, by_hand)
    assert facts(world, "installation_message") == ("clicked",)
    world.check()


class SlowGateway:
    """A gateway that takes the first message of an operation only at the second try."""

    def __init__(self) -> None:
        self.slow = 0
        #: What it was to send, by operation.
        self.texts: dict[int, str] = {}

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take one, or put it off."""
        self.slow = self.slow or parcel.operation
        if parcel.operation == self.slow and parcel.tries == 1:
            raise NotDelivered("try again later")
        wording = Wording({PRODUCT: NOTICES}, SEALER)
        self.texts[parcel.operation] = wording.worded(parcel).text
        return Receipt("it is on its way")


def test_SA_4_a_click_on_a_message_that_went_out_late_counts_for_it_tells_the_newest_link(
    world: World,
) -> None:
    gateway = SlowGateway()
    world.crash(world.workers[0])
    world.boot(channels={SMS: gateway})
    operation = begin(world)
    by_hand = do(world, "send_installation")
    world.settle(timedelta(minutes=5))
    assert list(gateway.texts) == [by_hand, operation]
    assert gateway.texts[operation] == gateway.texts[by_hand]
    tell(world, operation)
    assert facts(world, "installation_message") == ("clicked",)
    world.check()


def test_SA_4_a_receipt_has_no_place_in_the_order_of_what_the_platform_tells(world: World) -> None:
    operation = begin(world, app_installed=True)
    tell(world, operation, at=rfc3339(world.now + timedelta(days=1)))
    assert facts(world, "activation_message") == ("clicked",)
    user(world, "user_fetches")
    assert (state(world), facts(world, "keys")) == ("enabled", ("valid",))
    again = do(world, "send_installation")
    later, named = world.now + timedelta(days=1), world.rows.service()["platform_id"]
    world.signal("keys_renewed", at=later, platform_id=named, facts={"keys_by": "pin"})
    tell(world, again)
    assert facts(world, "keys_by", "installation_message") == ("pin", "clicked")
    world.check()


def test_SA_4_a_delivery_is_no_click(world: World) -> None:
    operation = begin(world)
    tell(world, operation, state="delivered")
    assert facts(world, "installation_message") == ("sent",)
    world.check()


def test_SA_4_what_the_gateway_has_not_signed_or_never_got_is_refused(world: World) -> None:
    operation = begin(world)
    door = Receipts(world.database, world.writer, SECRET, lambda *_: None)
    body = json.dumps({"message_id": "x", "state": "clicked", "at": rfc3339(world.now)}).encode()
    with pytest.raises(Refused) as refused:
        door.take(signed(body, secret="whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXItMTI="), body)
    assert refused.value.refusal.status == 401
    with pytest.raises(NotFound):
        door.take(signed(body), body)
    with pytest.raises(Refused) as refused:
        tell(world, operation, state="read", at="yesterday")
    assert {each.pointer for each in refused.value.refusal.faults} == {"/state", "/at"}
    assert facts(world, "installation_message") == ("sent",)


@pytest.mark.parametrize(
    ("body", "reason", "pointers"),
    [
        pytest.param(b"{", "malformed", [], id="no JSON"),
        pytest.param(rb'{"message_id": "a\u0000"}', "invalid", ["/message_id"], id="a NUL"),
    ],
)
def test_SA_4_a_receipt_that_no_database_could_look_up_is_refused(
    world: World, body: bytes, reason: str, pointers: list[str]
) -> None:
    door = Receipts(world.database, world.writer, SECRET, lambda *_: None)
    with pytest.raises(Refused) as refused:
        door.take(signed(body), body)
    found = refused.value.refusal
    assert (found.reason, [each.pointer for each in found.faults]) == (reason, pointers)
