"""Deleting a telephone system: only with the code that its Admins were mailed, and by the Delivery's calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from deploy.display.answers import Answered, as_document, as_lines
from deploy.display.operation import service_head
from producers.answers import taken
from schema.asker import Asker
from schema.customer import Customer
from schema.errors import Refusal
from schema.store.customers import ChangeCustomer
from schema.store.deliveries import MAIL, Parcel
from schema.store.moments import moment
from schema.store.order import Accepted, CodeAsked
from schema.store.reads import find_operations, find_service
from schema.views import CodeMailed, Service
from tests.products.cloud_pbx.admins import ADMINS, confirm, mailed_to
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.channels.channel import NotDelivered, Receipt


class ClosedMailbox:
    """A mail server that takes nothing."""

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take nothing."""
        raise NotDelivered("no room left")


@pytest.fixture
def world(make_sqlite_world: MakeWorld) -> World:
    """Return a world with an active telephone system, in which nobody confirms by himself."""
    world = make_sqlite_world(find_subjects()["cloud_pbx"])
    reach(world, "active")
    world.confirms = False
    return world


def test_CP_5_the_code_goes_to_all_admins_and_the_state_stays(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    assert mailed_to(world, operation) == ADMINS
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("waiting", "waiting for the confirmation code")
    assert world.rows.service()["state"] == "active"
    world.check()


@pytest.mark.parametrize(
    ("asker", "is_told"),
    [
        (Asker("key:anna", "admin", "acme", is_proven=True), True),
        (Asker("key:crm for Anna@acme.example", is_proven=True), True),
        (Asker("key:crm", is_proven=True), False),
    ],
)
def test_CP_5_the_answer_says_how_many_are_written_to_and_whether_the_asker_is_one(
    world: World, asker: Asker, *, is_told: bool
) -> None:
    answer = world.ask("delete", asker=asker)
    assert isinstance(answer, Accepted)
    assert answer.code == CodeAsked(len(ADMINS), is_told)
    with world.database.look() as connection:
        found = find_operations(connection, [answer.operation])
    assert taken(answer, found).confirmation == CodeMailed(admins=2, to_you=is_told)
    shown = as_document(Answered(1, {}, answer), found)["operation"].confirmation
    assert shown == CodeMailed(admins=2, to_you=is_told)
    (line,) = as_lines(Answered(1, {}, answer), found)
    assert str(line).endswith("2 Admins" if is_told else "2 Admins; you are none, and get none")


def test_CP_5_without_an_admin_it_is_refused(world: World) -> None:
    world.writer.store(ChangeCustomer("acme", Customer(version=2, name="Acme")))
    answer = world.ask("delete")
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.status) == ("no_admin", 409)


def test_CP_6_after_an_hour_the_code_has_expired_and_there_is_no_ticket(world: World) -> None:
    operation = world.submit("delete")
    world.settle(timedelta(minutes=59))
    assert world.rows.operation(operation)["state"] == "waiting"
    world.settle(timedelta(minutes=2))
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("failed", "expired")
    assert world.rows.tickets(operation) == []
    assert world.rows.service()["state"] == "active"
    refused = confirm(world, operation)
    assert isinstance(refused, Refusal)
    assert refused.reason == "code_expired"
    world.check()


def test_CP_6_until_a_copy_is_accepted_the_clock_stands_and_after_15_minutes_there_is_a_ticket(
    world: World,
) -> None:
    world.crash(world.workers[0])
    world.boot(channels={MAIL: ClosedMailbox()})
    operation = world.submit("delete")
    world.settle(timedelta(minutes=14))
    assert world.rows.tickets(operation) == []
    world.settle(timedelta(hours=3))
    assert world.rows.operation(operation)["state"] == "waiting"
    assert len(world.rows.tickets(operation)) == 1
    world.crash(world.workers[0])
    world.boot()
    world.settle(timedelta(hours=5))
    assert mailed_to(world, operation) == ADMINS
    world.check()


def test_CP_6_a_second_delete_replaces_the_waiting_one_with_a_new_code(world: World) -> None:
    first = world.submit("delete")
    world.work()
    second = world.submit("delete")
    world.work()
    row = world.rows.operation(first)
    assert (row["state"], row["reason"]) == ("cancelled", "superseded")
    assert mailed_to(world, second) == ADMINS
    refused = confirm(world, first)
    assert isinstance(refused, Refusal)
    assert refused.reason == "code_older"
    assert isinstance(confirm(world, second), Accepted)
    world.settle()
    assert world.rows.service()["state"] == "deleted"
    world.check()


def test_CP_6_the_fifth_wrong_code_ends_it(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    left = [confirm(world, operation, "wrong") for _ in range(5)]
    assert all(isinstance(each, Refusal) for each in left)
    world.work()
    row = world.rows.operation(operation)
    assert (row["state"], row["reason"]) == ("cancelled", "too_many_wrong_codes")
    assert isinstance(confirm(world, operation), Refusal)
    assert world.rows.service()["state"] == "active"
    world.check()


def test_CP_7_with_the_right_code_everything_is_erased_and_billing_ends_with_it(
    world: World,
) -> None:
    operation = world.submit("delete")
    world.work()
    before = len(world.platform.effects())
    assert isinstance(confirm(world, operation), Accepted)
    world.work()
    assert world.rows.service()["state"] == "deleting"
    (shown,) = world.platform.shown("acme/one").values()
    assert (shown["erasing"], shown["kept"]) == (True, ["invoices", "call_records"])
    assert isinstance(world.cancel(operation), Refusal)
    refused = confirm(world, operation)
    assert isinstance(refused, Refusal)
    assert refused.reason == "code_used"
    world.settle()
    done = [effect.action for effect in world.platform.effects()[before:]]
    assert done == ["open_work_order", "erase_data", "remove_instances"]
    product = world.products["cloud_pbx"]
    service = world.rows.service()
    assert (service["state"], product.billing_in(service["state"])) == ("deleted", "off")
    assert product.billing_in("deleting") == "on"
    world.check()


def shown(world: World) -> tuple[Service, str]:
    """Return the service as programs see it, and as people do."""
    with world.database.look() as connection:
        found = find_service(connection, world.products, "acme/one")
    console = Console(width=100)
    with console.capture() as captured:
        console.print(service_head(found, world.now))
    return found, " ".join(captured.get().split())


def test_CP_7_a_deleted_service_shows_that_it_is_billed_no_more_and_consumes_nothing(
    world: World,
) -> None:
    operation = world.submit("delete")
    world.work()
    confirm(world, operation)
    world.work()
    service, told = shown(world)
    assert (service.state, service.billing, service.facts) == ("deleting", "on", {})
    assert "billing on" in told
    world.settle()
    service, told = shown(world)
    assert (service.state, service.billing, service.facts) == ("deleted", "off", {"consumption": 0})
    assert "billing off consumption 0" in told


@pytest.mark.parametrize(
    "accepted", [datetime(2026, 5, 29, 8, tzinfo=UTC), datetime(2026, 5, 30, 10, tzinfo=UTC)]
)
def test_CP_9_confirmed_before_the_holiday_it_has_until_wednesday_evening(
    world: World, accepted: datetime
) -> None:
    world.settle(accepted - timedelta(minutes=30))
    operation = world.submit("delete")
    world.work()
    world.settle(accepted)
    assert isinstance(confirm(world, operation), Accepted)
    world.work()
    row = world.rows.operation(operation)
    assert moment(row["deadline_at"]) == datetime(2026, 6, 3, 16, tzinfo=UTC)


def test_CP_8_not_deleted_after_two_business_days_it_has_a_ticket(world: World) -> None:
    operation = world.submit("delete")
    world.work()
    world.platform.fault("cloud_pbx", "never", action="erase_data")
    confirm(world, operation)
    world.work()
    until = moment(world.rows.operation(operation)["deadline_at"])
    assert until == datetime(2026, 5, 7, 16, tzinfo=UTC)  # it is Tuesday 5 May
    world.settle(until)
    assert world.rows.tickets(operation) == []
    world.settle(timedelta(hours=1))
    assert len(world.rows.tickets(operation)) == 1
    world.check()


@pytest.mark.parametrize("verb", ["activate", "deactivate"])
def test_CO_1_while_it_waits_for_the_code_nothing_else_is_taken(world: World, verb: str) -> None:
    operation = world.submit("delete")
    world.work()
    answer = world.ask(verb)
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.status) == ("busy", 409)
    assert answer.detail.endswith("; cancel the delete first")
    assert isinstance(world.cancel(operation), Accepted)
    world.settle()
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert world.rows.service()["state"] == "active"
    world.check()


def test_CO_6_deleting_what_is_deleted_mails_nothing(world: World) -> None:
    confirm_all = world.submit("delete")
    world.work()
    confirm(world, confirm_all)
    world.settle()
    again = world.submit("delete")
    world.settle()
    row = world.rows.operation(again)
    assert (row["state"], row["outcome"]) == ("succeeded", "already")
    assert mailed_to(world, again) == []
