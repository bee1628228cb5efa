"""Until when a deletion has time: counted from its mails and its code, whoever looks at it, and when (CP-6, CP-8)."""

from datetime import UTC, datetime, timedelta

import pytest

from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from schema.store.deliveries import MAIL, Parcel
from schema.store.moments import moment
from schema.store.order import Accepted
from schema.store.pauses import Pause, Resume
from tests.products.cloud_pbx.admins import ADMINS, confirm, mailed_to
from tests.products.cloud_pbx.examples import CUSTOMER
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.channels.channel import NotDelivered, Receipt

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
INSTANT = timedelta(milliseconds=1)

#: Two business days after Tuesday 5 May, when the tests ask for a deletion.
DELETED_BY = datetime(2026, 5, 7, 16, tzinfo=UTC)


class SlowMailbox:
    """A mail server that takes the copies of some only at the second try."""

    def __init__(self, *slow: str) -> None:
        self.slow = slow

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take one, or put it off."""
        if parcel.recipient in self.slow and parcel.tries == 1:
            raise NotDelivered("try again later")
        return Receipt("it is in the box")


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    """Return a world with an active telephone system, in which nobody confirms by himself."""
    world = make_world(find_subjects()["cloud_pbx"])
    reach(world, "active")
    world.confirms = False
    return world


def until(world: World, operation: int) -> datetime:
    """Return the deadline of an operation."""
    return moment(world.rows.operation(operation)["deadline_at"])


def expires_at(world: World, operation: int) -> datetime:
    """Return when the code of an operation expires: an hour after the last copy."""
    mails = world.rows.all("delivery", operation_id=operation, channel=MAIL)
    return moment(max(row["sent_at"] for row in mails)) + HOUR


def move_without_workers(world: World, to: datetime) -> None:
    """Let time pass while no worker is there; the waker is."""
    for worker in list(world.workers):
        world.crash(worker)
    world.move_time(to)
    world.waker.once()
    world.queue.clear()


def change_customer(world: World, **fields: object) -> None:
    """Store a newer record of the customer."""
    record = {"version": 2, "name": "Acme", **CUSTOMER, **fields}
    world.writer.store(ChangeCustomer("acme", Customer.model_validate(record)))


def test_CP_8_the_code_moves_the_deadline_though_the_product_is_paused(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    world.writer.store(Pause("cloud_pbx", "ops"))
    assert isinstance(confirm(world, operation), Accepted)
    assert until(world, operation) == DELETED_BY
    world.settle(2 * HOUR)
    assert world.rows.tickets(operation) == []
    world.writer.store(Resume("cloud_pbx"))
    world.settle(timedelta(days=1))
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert until(world, operation) == DELETED_BY
    world.check()


def test_CP_8_the_code_moves_the_deadline_though_the_workers_are_away(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    world.settle(59 * MINUTE)
    assert isinstance(confirm(world, operation), Accepted)
    move_without_workers(world, world.now + 20 * HOUR)
    assert world.rows.tickets(operation) == []
    world.boot()
    world.settle(timedelta(days=1))
    assert world.rows.operation(operation)["outcome"] == "on_time"
    assert world.rows.tickets(operation) == []
    world.check()


def test_CP_8_jeopardy_and_ticket_follow_the_deadline_of_the_code(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    world.writer.store(Pause("cloud_pbx", "ops"))
    accepted = world.now
    confirm(world, operation)
    told = accepted + (DELETED_BY - accepted) * 0.8
    assert moment(world.rows.operation(operation)["jeopardy_at"]) == told
    world.settle(told - INSTANT)
    assert "jeopardy" not in world.rows.story(operation)
    world.settle(told + INSTANT)
    assert "jeopardy" in world.rows.story(operation)
    world.settle(DELETED_BY)
    assert world.rows.tickets(operation) == []
    world.settle(INSTANT)
    assert len(world.rows.tickets(operation)) == 1
    world.check()


def test_CP_8_the_deadline_is_the_deliverys_and_not_the_customers(world: World) -> None:
    change_customer(world, country="US", time_zone="America/New_York")
    world.settle(datetime(2026, 5, 29, 8, tzinfo=UTC))
    operation = world.submit("delete")
    world.work()
    confirm(world, operation)
    world.work()
    # Tuesday 2 June is a holiday in Italy, and none in New York.
    assert until(world, operation) == datetime(2026, 6, 3, 16, tzinfo=UTC)


def test_CP_8_a_code_that_took_too_long_to_mail_leaves_the_deadline_missed(world: World) -> None:
    world.crash(world.workers[0])
    world.boot(channels={MAIL: SlowMailbox(*ADMINS)})
    operation = world.submit("delete")
    world.work()
    move_without_workers(world, world.now + 16 * MINUTE)
    (ticket,) = world.rows.tickets(operation)
    world.boot()
    world.work()
    assert mailed_to(world, operation) == ADMINS
    confirm(world, operation)
    world.settle(timedelta(days=1))
    assert world.rows.operation(operation)["outcome"] == "late"
    assert world.rows.tickets(operation) == [
        {**ticket, "state": "resolved", "resolved_at": world.rows.operation(operation)["ended_at"]}
    ]
    world.check()


def test_CP_6_a_copy_that_was_accepted_gives_the_code_its_hour_though_the_product_is_paused(
    world: World,
) -> None:
    world.crash(world.workers[0])
    world.boot(channels={MAIL: SlowMailbox(*ADMINS)})
    operation = world.submit("delete")
    world.work()
    world.writer.store(Pause("cloud_pbx", "ops"))
    world.settle(55 * MINUTE)
    assert mailed_to(world, operation) == ADMINS
    assert until(world, operation) == expires_at(world, operation) + 15 * MINUTE
    assert world.rows.tickets(operation) == []
    assert isinstance(confirm(world, operation), Accepted)
    assert until(world, operation) == DELETED_BY
    world.check()


def test_CP_6_the_code_expires_an_hour_after_the_last_copy(world: World) -> None:
    world.crash(world.workers[0])
    world.boot(channels={MAIL: SlowMailbox("ugo@acme.example")})
    operation = world.submit("delete")
    world.work()
    assert mailed_to(world, operation) == ["anna@acme.example"]
    first = world.now
    world.settle(10 * MINUTE)
    assert mailed_to(world, operation) == ADMINS
    last = expires_at(world, operation)
    assert last > first + HOUR
    world.settle(last - INSTANT)
    assert world.rows.operation(operation)["state"] == "waiting"
    world.settle(INSTANT)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "expired")


def test_CP_6_an_expiry_that_workers_notice_within_a_quarter_of_an_hour_has_no_ticket(
    world: World,
) -> None:
    operation = world.submit("delete")
    world.work()
    move_without_workers(world, expires_at(world, operation) + 15 * MINUTE)
    world.boot()
    world.work()
    assert world.rows.operation(operation)["reason"] == "expired"
    assert world.rows.tickets(operation) == []
    world.check()


def test_CO_5_an_expiry_that_workers_notice_later_resolves_its_ticket(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    move_without_workers(world, expires_at(world, operation) + 4 * HOUR)
    (ticket,) = world.rows.tickets(operation)
    assert ticket["state"] == "open"
    world.boot()
    world.work()
    assert world.rows.operation(operation)["reason"] == "expired"
    (ticket,) = world.rows.tickets(operation)
    assert (ticket["state"], ticket["severity"]) == ("resolved", "normal")
    assert world.rows.comments(operation)[-1] == "Failed for good: expired."
    world.check()


def test_CO_13_without_an_admin_at_its_start_it_is_refused_then(world: World) -> None:
    operation = world.submit("delete", not_before=world.now + 2 * HOUR)
    change_customer(world, admins=[])
    world.settle(3 * HOUR)
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "rejected")
    assert world.rows.all("delivery", operation_id=operation) == []
    assert world.rows.tickets(operation) == []
    assert world.rows.service()["state"] == "active"
    world.check()


def test_CP_6_a_code_counts_on_the_day_on_which_its_deletion_starts(world: World) -> None:
    midnight = datetime(2026, 5, 5, 22, tzinfo=UTC)  # in Rome
    later = [world.submit("delete", not_before=midnight + n * HOUR) for n in range(5)]
    assert [world.rows.operation(each)["state"] for each in later] == ["accepted"] * 5
    refused = world.ask("delete", not_before=midnight + 6 * HOUR)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.facts["again_at"]) == ("too_many_codes", "2026-05-06T22:00:00Z")
    assert isinstance(world.ask("delete", not_before=midnight + timedelta(days=1)), Accepted)
    for _ in range(5):
        assert isinstance(world.ask("delete"), Accepted)
    refused = world.ask("delete")
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.facts["again_at"]) == ("too_many_codes", "2026-05-05T22:00:00Z")
