"""Deliveries: each goes out once for its cause, whoever dies, and again for days where nobody accepts it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import cast

import pytest

from schema.ids import public_id
from schema.store.delivered import Delivered, Undelivered
from schema.store.deliveries import DESK, MAIL, ClaimDeliveries, Parcel
from schema.store.moments import Pause, moment
from schema.store.sent import operation_notices
from tests.workers.channels import parcels
from tests.workers.channels.posted import (
    Deadly,
    Fickle,
    Held,
    deliveries,
    equip,
    heard,
    mails,
    notice,
)
from tests.workers.test_failing import closing_late
from tests.world.world import START, World
from workers import courier
from workers.channels.channel import NotDelivered, NotWanted, Receipt, RefusedForGood
from workers.channels.mail import MailDirectory
from workers.journal import Journal
from workers.lease import Lease
from workers.retry import next_delivery


def claimed(world: World, most: int = 9, **changes: object) -> list[Parcel]:
    """Claim mails for the world's worker."""
    given = {"channels": (MAIL,), "products": ("sample",), **changes}
    found: list[Parcel] = world.writer.store(
        ClaimDeliveries(world.workers[0].key, most, **given)  # type: ignore[arg-type]
    )
    return found


def test_a_notice_goes_out_once_and_its_operation_hears_that_it_was_accepted(world: World) -> None:
    box = Fickle()
    operation = notice(equip(world, mail=box), "anna@acme.example")
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["said"], mail["owner"]) == ("sent", "taken", None)
    assert moment(mail["sent_at"]) == START
    assert [each.cause for each in box.parcels] == [mail["cause"]]
    told = [{"cause": mail["cause"], "at": START.isoformat()}]
    assert heard(world, operation, "mailed") == told


def test_a_waiting_operation_looks_again_once_its_mail_was_accepted(world: World) -> None:
    operation = world.submit("open")
    world.work()
    looks = world.rows.operation(operation)["epoch"]
    notice(world, "anna@acme.example", operation=operation)
    world.work()
    assert world.rows.operation(operation)["epoch"] > looks


def test_the_same_cause_again_is_no_second_mail(world: World) -> None:
    box = Fickle()
    operation = notice(equip(world, mail=box), "anna@acme.example")
    notice(world, "anna@acme.example", operation=operation)
    world.settle()
    notice(world, "anna@acme.example", operation=operation)
    world.settle()
    assert len(box.parcels) == 1


def test_SA_5_of_reminders_that_could_not_go_out_only_the_newest_does(world: World) -> None:
    box = Fickle([NotDelivered("away")])
    operation = notice(equip(world, mail=box), "anna@acme.example")
    world.work()
    notice(world, "anna@acme.example", operation=operation, rounds=[2, 3])
    notice(world, "bert@acme.example", operation=operation, rounds=[2])
    world.settle()
    states = [(mail["recipient"][:4], mail["facts"], mail["state"]) for mail in mails(world)]
    assert states == [
        ("anna", "{}", "dead"),
        ("anna", '{"round": 2}', "dead"),
        ("anna", '{"round": 3}', "sent"),
        ("bert", '{"round": 2}', "sent"),
    ]
    assert world.rows.tickets(operation) == []
    world.check()


def test_what_is_not_accepted_goes_out_again_with_growing_pauses(world: World) -> None:
    box = Fickle([NotDelivered("busy")] * 3)
    notice(equip(world, mail=box), "anna@acme.example")
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["tries"]) == ("sent", 4)
    at = [each.now for each in box.parcels]
    pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(at)]
    expected = (5, 10, 20)
    assert all(
        whole / 2 <= pause <= whole for pause, whole in zip(pauses, expected, strict=True)
    ), pauses


def test_a_pause_that_the_other_side_asks_for_is_kept(world: World) -> None:
    box = Fickle([NotDelivered("throttled", timedelta(hours=2))])
    notice(equip(world, mail=box), "anna@acme.example")
    world.settle()
    assert box.parcels[1].now - START == timedelta(hours=2)


def test_an_address_that_is_refused_for_good_is_dead_and_said_and_the_others_get_theirs(
    world: World,
) -> None:
    box = Fickle([RefusedForGood("550 no such user")])
    operation = notice(equip(world, mail=box), "anna@acme.example", "bert@acme.example")
    world.settle()
    states = {(mail["state"], mail["said"]) for mail in mails(world)}
    assert states == {("dead", "550 no such user"), ("sent", "taken")}
    assert len(heard(world, operation, "mailed")) == 1
    assert [each["event"] for each in world.logs if "delivery_dead" in each["event"]]


def test_CO_12_mails_that_are_refused_for_good_become_one_ticket_of_their_operation(
    world: World,
) -> None:
    box = Fickle([RefusedForGood("550 no such user")] * 2)
    operation = notice(equip(world, mail=box), "anna@acme.example", "bert@acme.example")
    world.settle()
    (ticket,) = world.rows.tickets(operation)
    assert ticket["title"].endswith("acme/one: a mail was not delivered")
    assert "hello to a***@acme.example, 1 tries" in ticket["body"]
    assert "550 no such user" in ticket["body"]
    (said, *_) = world.rows.comments(operation)
    assert said.startswith("The mail hello to b***@acme.example was given up: 550 no such user.")
    assert world.rows.operation(operation)["ticket"] == ticket["id"]
    told = [row["template"] for row in deliveries(world, DESK)]
    assert told[:2] == ["ticket.opened", "ticket.commented"]
    world.check()


def test_CO_12_a_mail_that_is_given_up_comments_on_the_ticket_that_is_there(world: World) -> None:
    equip(world, mail=Fickle([RefusedForGood("550 no such user")]))
    operation, _ = closing_late(world)
    (late,) = world.rows.tickets(operation)
    notice(world, "anna@acme.example", operation=operation)
    world.settle(timedelta(minutes=30))
    (ticket,) = world.rows.tickets(operation)
    assert ticket["title"] == late["title"]
    assert "was given up" in world.rows.comments(operation)[-1]
    world.check()


def test_CO_12_a_mail_about_what_is_over_needs_no_ticket(world: World) -> None:
    operation = notice(
        equip(world, mail=Fickle([NotWanted("the operation has ended")])), "anna@acme.example"
    )
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["said"]) == ("dead", "the operation has ended")
    assert world.rows.tickets(operation) == []
    world.check()


def test_what_was_mailed_is_listed_without_the_whole_address(sqlite_world: World) -> None:
    box = Fickle([RefusedForGood("550 no such user")])
    operation = notice(equip(sqlite_world, mail=box), "anna@acme.example", "bert@acme.example")
    sqlite_world.settle()
    with sqlite_world.database.look() as connection:
        listed = operation_notices(connection, public_id("op", operation))
    assert {(each.to, each.state) for each in listed} == {
        ("a***@acme.example", "dead"),
        ("b***@acme.example", "sent"),
    }


def test_a_mail_is_given_up_after_days(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "MOST_TRIES", 12)
    box = Fickle([NotDelivered("away")] * 12)
    notice(equip(world, mail=box), "anna@acme.example")
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["said"]) == ("dead", "given up after 12 tries: away")
    (ticket,) = world.rows.tickets(mail["operation_id"])
    assert "given up after 12 tries: away" in ticket["body"]


def test_the_tries_of_a_mail_last_for_days() -> None:
    pauses = [next_delivery(tries, "a") for tries in range(1, courier.MOST_TRIES)]
    assert timedelta(days=3) < sum(pauses, timedelta()) < timedelta(days=6)


def test_a_text_that_cannot_be_worded_holds_nobody_else_up(world: World) -> None:
    box = Fickle([KeyError("a secret")])
    notice(equip(world, mail=box), "anna@acme.example", "bert@acme.example")
    world.work()
    assert sorted(mail["state"] for mail in mails(world)) == ["sent", "waiting"]
    assert "a secret" not in str(world.logs)
    assert "a secret" not in str(mails(world))


@dataclass
class Odd:
    """A channel that answers something which no database stores, until it takes all."""

    raises: list[type[NotDelivered | RefusedForGood]]
    parcels: int = 0

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take or refuse one."""
        self.parcels += 1
        if self.raises:
            raise self.raises.pop()(f"\ud800 {parcel.id}")
        return Receipt("\ud800\0")


@pytest.mark.parametrize(
    ("raises", "state", "tries"),
    [([], "sent", 1), ([NotDelivered], "sent", 2), ([RefusedForGood], "dead", 1)],
)
def test_an_answer_that_cannot_be_stored_holds_no_mail_and_sends_none_twice(
    world: World, raises: list[type[NotDelivered | RefusedForGood]], state: str, tries: int
) -> None:
    box = Odd(list(raises))
    operation = notice(equip(world, mail=box), "anna@acme.example")
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["said"], mail["owner"]) == (state, courier.UNTOLD, None)
    assert box.parcels == tries
    assert len(heard(world, operation, "mailed")) == (state == "sent")
    assert len(world.rows.tickets(operation)) == (state == "dead")


@pytest.mark.parametrize("point", ["before mail", "after mail"])
def test_I1_a_worker_that_dies_while_sending_is_followed_by_another(
    world: World, point: str
) -> None:
    box = Fickle()
    equip(world, mail=Deadly(world.points, box))
    world.points.deadly.add(point)
    notice(world, "anna@acme.example")
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.follow()
    world.settle()
    (mail,) = mails(world)
    assert (mail["state"], mail["tries"]) == ("sent", 2)
    assert len({each.cause for each in box.parcels}) == 1
    assert len(box.parcels) == (2 if point.startswith("after") else 1)


def test_a_worker_that_dies_after_writing_a_mail_leaves_one_file(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("mails")
    equip(world, mail=Deadly(world.points, parcels.mail(MailDirectory(directory))))
    world.points.deadly.add("after mail")
    operation = world.submit("open")
    notice(world, "anna@acme.example", operation=operation)
    world.do(lambda transaction: transaction.connection.exec_driver_sql(
        "UPDATE delivery SET facts = '{\"name\": \"Anna\"}' WHERE channel = 'mail'"))  # fmt: skip
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.follow()
    world.settle()
    (file,) = directory.iterdir()
    (mail,) = mails(world)
    assert (mail["state"], mail["said"]) == ("sent", f"{file.name} was there")
    assert file.name.startswith(public_id("op", operation))


def test_a_worker_that_wakes_up_after_its_lease_changes_nothing(sqlite_world: World) -> None:
    world = equip(sqlite_world, mail=Fickle())
    notice(world, "anna@acme.example")
    (parcel,) = claimed(world)
    old = world.workers[0].key
    world.crash()
    world.boot()
    world.settle()
    before = mails(world)
    assert world.writer.store(Delivered(parcel, old, "late")) is False
    assert world.writer.store(Undelivered(parcel, old, "late", Pause(timedelta(1)))) is False
    assert mails(world) == before


def test_a_claim_whose_answer_was_lost_gets_the_same_again(sqlite_world: World) -> None:
    notice(sqlite_world, "anna@acme.example", "bert@acme.example")
    first = claimed(sqlite_world, 1)
    second = claimed(sqlite_world)
    assert {each.id for each in first} < {each.id for each in second}
    held = tuple(each.id for each in second)
    assert claimed(sqlite_world, held=held) == []


def test_who_has_lost_his_lease_gets_nothing(sqlite_world: World) -> None:
    notice(sqlite_world, "anna@acme.example")
    gone = ClaimDeliveries(999, 9, (MAIL,), ("sample",))
    assert sqlite_world.writer.store(gone) == []


def test_I11_a_worker_leaves_mails_of_products_that_it_does_not_know(sqlite_world: World) -> None:
    notice(sqlite_world, "anna@acme.example")
    assert claimed(sqlite_world, products=("other",)) == []


def test_a_worker_sends_so_many_at_once_and_no_more(sqlite_world: World) -> None:
    box = Held()
    equip(sqlite_world, mail=box)
    notice(sqlite_world, *(f"a{number}@acme.example" for number in range(courier.ROOM + 8)))
    sqlite_world.until(lambda: box.reached == courier.ROOM)
    assert sqlite_world.workers[0].courier.in_flight == courier.ROOM
    sqlite_world.loop.call_soon_threadsafe(box.opened.set)
    sqlite_world.settle()
    assert box.most == courier.ROOM
    assert {mail["state"] for mail in mails(sqlite_world)} == {"sent"}


def quiet(world: World) -> bool:
    """Return whether nothing can be done now."""
    return world.quiet.is_quiet


def test_nothing_is_quiet_while_a_mail_is_due_or_under_way(sqlite_world: World) -> None:
    operation = sqlite_world.submit("open")
    sqlite_world.settle()
    assert quiet(sqlite_world)
    notice(sqlite_world, "bert@acme.example", operation=operation)
    assert not quiet(sqlite_world)
    (parcel,) = claimed(sqlite_world)
    assert not quiet(sqlite_world)
    pause = Pause(timedelta(minutes=3))
    sqlite_world.writer.store(Undelivered(parcel, sqlite_world.workers[0].key, "no", pause))
    assert quiet(sqlite_world)
    assert sqlite_world.quiet.next_due == sqlite_world.now + timedelta(minutes=3)


@dataclass
class Again:
    """A journal that hands out one mail with every claim: it was taken over from a try that has not ended."""

    parcel: Parcel

    async def write(self, record: object) -> object:
        """Hand out, or take an end."""
        return [self.parcel] if isinstance(record, ClaimDeliveries) else True


class Kept:
    """A lease that lasts."""

    worker = 1

    async def ensure(self) -> None:
        """Last."""


def test_a_delivery_that_is_claimed_again_while_its_earlier_try_ends_stops_nothing(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier.Courier, "_are_due", lambda _: True)
    errors: list[object] = []

    async def carry() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda _, error: errors.append(error))
        box, journal = Held(), cast("Journal", Again(parcels.parcel()))
        lease, database = cast("Lease", Kept()), sqlite_world.database
        carrier = courier.Courier(database, journal, lease, {MAIL: box}, sqlite_world.products)
        await carrier.once()
        await carrier.once()
        box.opened.set()
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        return carrier.in_flight

    assert (asyncio.run(carry()), errors) == (0, [])
