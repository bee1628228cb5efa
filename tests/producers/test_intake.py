"""The one door: what is accepted, once, and what is offered."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from producers.intake import MOST_EVENTS, Answer, CustomerStored, Intake
from schema.errors import Refusal, Refused, StoreFull, Unreachable
from schema.ids import public_id
from schema.lifecycle import Product
from schema.store.database import Database
from schema.store.order import Accepted, Planned
from schema.store.reads import find_operations
from schema.store.writer import Writer, wait_for
from schema.views import Operation
from tests.producers.conftest import PATIENCE, SEALER, Offers, both_kinds
from tests.producers.events import NOW, Event, activate, count, customer, deactivate, settle


def one(intake: Intake, event: Event) -> Answer:
    """The answer to a single event."""
    (answer,) = intake.accept([event])
    return answer


def accepted(intake: Intake, event: Event) -> Accepted:
    """The answer to an event that is accepted."""
    answer = one(intake, event)
    assert isinstance(answer, Accepted), answer
    return answer


def refused(intake: Intake, event: Event) -> Refusal:
    """The answer to an event that is refused."""
    answer = one(intake, event)
    assert isinstance(answer, Refusal), answer
    return answer


def shown(database: Database, answer: Accepted) -> Operation:
    """The operation of an answer."""
    with database.look() as connection:
        return find_operations(connection, [answer.operation])[answer.operation]


def test_I2_the_same_command_again_gives_the_first_operation(intake: Intake) -> None:
    first, again = accepted(intake, activate("1")), accepted(intake, activate("1"))
    assert (again.operation, again.is_repeat, again.is_due) == (first.operation, True, False)


def test_I2_the_same_key_with_other_content_is_refused(intake: Intake) -> None:
    first = accepted(intake, activate("1"))
    refusal = refused(intake, activate("1", name="Other"))
    assert (refusal.reason, refusal.status) == ("key_reused", 422)
    assert refusal.facts["operation"] == public_id("op", first.operation)


def test_I2_the_same_key_twice_in_a_batch_is_one_operation(
    intake: Intake, database: Database
) -> None:
    answers = intake.accept([activate("1"), activate("1"), activate("1", name="Other")])
    first, again, other = answers
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (again.operation, again.is_repeat) == (first.operation, True)
    assert isinstance(other, Refusal)
    assert other.reason == "key_reused"
    assert count(database, "operation") == 1


@both_kinds
def test_I2_two_doors_at_once_accept_each_command_once(
    intake: Intake, database: Database, products: Mapping[str, Product]
) -> None:
    beside = Database(database.url.render_as_string(hide_password=False), checkpoints=False)
    writer = Writer(beside, products)
    writer.start()
    doors = (intake, Intake(writer, products, Offers(), SEALER, patience=PATIENCE))
    ready = Barrier(len(doors))

    def send(door: Intake) -> list[Answer]:
        ready.wait()
        return [one(door, activate(str(n), f"acme/pbx-{n}")) for n in range(30)]

    with ThreadPoolExecutor(len(doors)) as pool:
        here, there = pool.map(send, doors)
    writer.stop()
    beside.close()
    for mine, others in zip(here, there, strict=True):
        assert isinstance(mine, Accepted)
        assert isinstance(others, Accepted)
        assert mine.operation == others.operation
        assert {mine.is_repeat, others.is_repeat} == {True, False}
    assert count(database, "operation") == 30


def test_CO_1_a_verb_that_the_state_forbids_is_refused_with_what_is_allowed(
    intake: Intake, database: Database
) -> None:
    accepted(intake, activate("1"))
    settle(database, "deleting")
    refusal = refused(intake, deactivate("2"))
    assert (refusal.reason, refusal.status) == ("state_not_allowed", 409)
    assert refusal.facts == {"state": "deleting", "allowed": []}


def test_CO_2_a_refusal_stores_nothing_and_does_not_use_up_its_key(
    intake: Intake, database: Database
) -> None:
    refusal = refused(intake, activate("1", "nobody/pbx-1"))
    assert (refusal.reason, refusal.status) == ("unknown_customer", 404)
    assert refused(intake, activate("1", extensions=0)).reason == "invalid"
    assert count(database, "command") == count(database, "history") == 0
    assert not accepted(intake, activate("1")).is_repeat


def test_CO_6_what_is_so_already_succeeds_at_once(intake: Intake, database: Database) -> None:
    accepted(intake, activate("1"))
    settle(database, "active")
    again = accepted(intake, activate("2"))
    operation = shown(database, again)
    assert not again.is_due
    assert (operation.state, operation.outcome) == ("succeeded", "already")


def test_CO_8_a_busy_service_names_the_operation_and_its_deadline(
    intake: Intake, database: Database
) -> None:
    accepted(intake, activate("1"))
    settle(database, "active")
    first = accepted(intake, deactivate("2"))
    refusal = refused(intake, deactivate("3"))
    assert (refusal.reason, refusal.status) == ("busy", 409)
    assert refusal.facts["operation"] == public_id("op", first.operation)
    assert refusal.facts["deadline"] == "2026-05-29T08:15:00Z"
    assert count(database, "operation") == 2


def test_CO_10_a_new_service_refuses_all_but_a_cancel_and_names_its_activation(
    intake: Intake,
) -> None:
    first = accepted(intake, activate("1"))
    for refusal in (refused(intake, activate("2")), refused(intake, deactivate("3"))):
        assert (refusal.reason, refusal.facts["state"]) == ("state_not_allowed", "new")
        assert refusal.facts["operation"] == public_id("op", first.operation)
        assert "activate" in refusal.detail


def test_CO_9_a_command_has_a_deadline_even_if_it_names_none(
    intake: Intake, database: Database
) -> None:
    operation = shown(database, accepted(intake, activate("1")))
    assert operation.deadline_at == NOW + timedelta(minutes=15)


@pytest.mark.parametrize("asked", ["10m", "2026-05-29T10:10:00+02:00"])
def test_CO_9_a_command_may_ask_for_an_earlier_deadline(
    intake: Intake, database: Database, asked: str
) -> None:
    operation = shown(database, accepted(intake, activate("1", deadline=asked)))
    assert operation.deadline_at == NOW + timedelta(minutes=10)


@pytest.mark.parametrize("asked", ["16m", "2bd", "2026-05-29T08:00:00Z"])
def test_CO_9_a_deadline_that_is_later_or_over_is_refused(intake: Intake, asked: str) -> None:
    refusal = refused(intake, activate("1", deadline=asked))
    assert [fault.pointer for fault in refusal.faults] == ["/data/deadline"]


def test_CO_13_a_later_start_is_accepted_now_and_counts_from_then(
    intake: Intake, database: Database, offers: Offers
) -> None:
    later = accepted(intake, activate("1", not_before="2026-05-31T22:00:00Z"))
    assert (later.is_due, offers.made) == (False, [])
    assert shown(database, later).deadline_at == NOW + timedelta(days=2, hours=14, minutes=15)


def test_CO_13_what_starts_later_is_in_nobodys_way_within_a_batch_either(
    intake: Intake, database: Database
) -> None:
    accepted(intake, activate("1"))
    settle(database, "active")
    answers = intake.accept([deactivate("2", not_before="2026-05-29T20:00:00Z"), deactivate("3")])
    assert [type(answer) for answer in answers] == [Accepted, Accepted]


def test_a_dry_run_says_what_would_happen_and_stores_nothing(
    intake: Intake, database: Database
) -> None:
    planned = one(intake, activate("1", dry_run=True))
    assert isinstance(planned, Planned)
    assert (planned.deadline, planned.is_already) == (NOW + timedelta(minutes=15), False)
    assert planned.steps[0] == "create_instances"
    assert count(database, "command") == 0
    assert not accepted(intake, activate("1")).is_repeat


def test_I2_a_dry_run_of_a_command_that_came_before_says_that_it_did(intake: Intake) -> None:
    first = accepted(intake, activate("1"))
    again = accepted(intake, activate("1", dry_run=True))
    assert (again.operation, again.is_repeat) == (first.operation, True)
    assert refused(intake, activate("1", name="Other", dry_run=True)).reason == "key_reused"


def test_a_batch_is_answered_in_order_whatever_becomes_of_each(intake: Intake) -> None:
    answers = intake.accept([activate("1"), 7, customer("beta"), deactivate("2", "acme/no")])
    kinds = [type(answer) for answer in answers]
    assert kinds == [Accepted, Refusal, CustomerStored, Refusal]


def test_customers_of_a_batch_are_known_to_its_commands(intake: Intake) -> None:
    order, kept = intake.accept([activate("1", "beta/pbx-1"), customer("beta")])
    assert isinstance(order, Accepted)
    assert kept == CustomerStored("beta", 1, changed=True)


def test_an_old_version_of_a_customer_changes_nothing(intake: Intake) -> None:
    assert one(intake, customer(version=3)) == CustomerStored("acme", 3, changed=True)
    assert one(intake, customer(version=3)) == CustomerStored("acme", 3, changed=False)
    older = CustomerStored("acme", 2, changed=False, advice="version 3 stands; yours is older")
    assert one(intake, customer(version=2)) == older
    other = one(intake, customer(version=3, language="de"))
    assert isinstance(other, CustomerStored)
    assert other.advice == "version 3 stands; yours has other content: give it a higher version"


def test_new_operations_are_offered_in_one_message(intake: Intake, offers: Offers) -> None:
    answers = intake.accept([activate(str(n), f"acme/pbx-{n}") for n in range(100)])
    keys = [answer.operation for answer in answers if isinstance(answer, Accepted)]
    assert offers.made == [("cloud_pbx", keys)]


def test_bulk_and_repeats_are_not_offered(intake: Intake, offers: Offers) -> None:
    events = [activate(str(n), f"acme/pbx-{n}") for n in range(101)]
    intake.accept(events)
    intake.accept(events[:3])
    assert offers.made == []


def test_what_came_at_once_is_offered_as_one_with_customers_in_turn(
    intake: Intake, offers: Offers
) -> None:
    intake.accept([customer("beta")])
    named = [f"acme/pbx-{n}" for n in range(3)] + ["beta/pbx-1"]
    events = [activate(str(n), name) for n, name in enumerate(named)]
    answers = intake.take([*events, activate("bulk", "acme/bulk"), events[0]])
    with pytest.raises(StopIteration) as over:
        answers.send(wait_for(next(answers), None))
    *singles, last, again = over.value.value
    intake.offer_together([*([each] for each in singles), [last, again], [again]])
    assert offers.made == [("cloud_pbx", [5]), ("cloud_pbx", [1, 4, 2, 3])]


def test_a_flood_of_single_commands_is_offered_in_messages_of_the_usual_size(
    intake: Intake, offers: Offers
) -> None:
    answers = intake.accept([activate(str(n), f"acme/pbx-{n}") for n in range(101)])
    intake.offer_together([[each] for each in answers])
    assert [len(keys) for _, keys in offers.made] == [100, 1]


def test_too_many_events_at_a_time_are_refused(intake: Intake) -> None:
    with pytest.raises(Refused) as refusal:
        intake.accept([7] * (MOST_EVENTS + 1))
    assert refusal.value.refusal.status == 413


def test_a_database_that_does_not_answer_is_told_in_time(
    database: Database, products: Mapping[str, Product], offers: Offers
) -> None:
    asleep = Writer(database, products)
    intake = Intake(asleep, products, offers, SEALER, patience=timedelta(milliseconds=20))
    with pytest.raises(Unreachable):
        intake.accept([activate("1")])


def test_I1_a_full_disk_refuses_the_whole_batch_and_stores_nothing_of_it(
    intake: Intake, database: Database, offers: Offers
) -> None:
    events = [activate(str(n), f"acme/pbx-{n}") for n in range(100)]
    with database.writing.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreFull):
        intake.accept(events)
    assert (count(database, "command"), count(database, "due"), offers.made) == (0, 0, [])
    with database.writing.begin() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    assert all(isinstance(answer, Accepted) for answer in intake.accept(events))
