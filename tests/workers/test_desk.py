"""The webhook desk: every ticket's story arrives in order, once or as the same again, whoever dies (CO-5, CO-12)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession
from jsonschema import Draft202012Validator

from schema.desk import desk_schemas
from schema.store.deliveries import DESK
from schema.store.reads import find_operation, find_ticket
from schema.store.remote import DeskSaid, Remote
from schema.store.tickets import TicketNote, TicketText, note_tickets
from tests.workers.channels.posted import Deadly, deliveries, equip
from tests.workers.channels.small_desk import SECRET, SmallDesk, at_work
from tests.world.world import World
from workers.channels.channel import Channel
from workers.channels.desk import Desk

DOOR = "https://turnup.example"

TEXT = TicketText("second_line", "normal", "Late", "All of it", "Mend it")


@pytest.fixture
def desk() -> Iterator[SmallDesk]:
    """A ticket system that listens."""
    with at_work(SmallDesk()) as found:
        yield found


@pytest.fixture
def told(world: World, desk: SmallDesk) -> Iterator[World]:
    """A world whose workers tell that desk."""
    yield from _telling(world, desk, deadly=False)


@pytest.fixture
def mortal(world: World, desk: SmallDesk) -> Iterator[World]:
    """The same, whose workers can die at the desk."""
    yield from _telling(world, desk, deadly=True)


def _telling(world: World, desk: SmallDesk, *, deadly: bool) -> Iterator[World]:
    async def connect() -> ClientSession:
        return ClientSession()

    session = world.loop.run_until_complete(connect())
    channel: Channel = Desk(session, desk.url, SECRET, DOOR)
    yield equip(world, desk=Deadly(world.points, channel) if deadly else channel)
    world.loop.run_until_complete(session.close())


def note(world: World, operation: int, note: TicketNote) -> None:
    """Let something happen to an operation's ticket."""
    key = world.rows.operation(operation)["ticket"]
    world.do(lambda transaction: note_tickets(transaction, [(operation, key, note)]))


def story(world: World) -> int:
    """Open, comment and resolve the ticket of an operation that has ended, and return the operation."""
    operation = world.submit("open")
    world.settle()
    note(world, operation, TicketNote("late", TEXT))
    note(world, operation, TicketNote("still late", severity="high"))
    note(world, operation, TicketNote("done", resolves=True))
    return operation


def kinds(desk: SmallDesk) -> list[str]:
    """Return what a desk was told, one word each."""
    return [each["type"] for each in desk.events]


def test_a_missed_deadline_is_told_with_all_that_a_person_needs(
    told: World, desk: SmallDesk
) -> None:
    told.submit("open")
    told.settle()
    told.platform.fault("sample", "outage", value=503)
    operation = told.submit("close")
    told.settle(timedelta(minutes=16))
    opened = desk.events[0]
    Draft202012Validator(desk_schemas()["event"]).validate(opened)
    data = opened["data"]
    (ticket,) = told.rows.tickets(operation)
    assert (opened["type"], data["ticket"], data["operation"]) == (
        "ticket.opened",
        f"tkt_{ticket['id']}",
        f"op_{operation}",
    )
    assert (data["product"], data["verb"], data["service"]) == ("sample", "close", "acme/one")
    assert (data["step"], data["tried"]["step"]) == ("refuse_calls", "refuse_calls")
    assert data["tried"]["tries"] > 1
    assert data["tried"]["said"]
    assert "this ticket is resolved once it succeeds" in data["what_to_do"]
    assert data["customer"]["time_zone"] == "Europe/Rome"
    assert opened["links"]["retry"] == f"{DOOR}/v1/operations/op_{operation}/retry"


def test_what_happens_to_a_ticket_is_told_in_its_order(told: World, desk: SmallDesk) -> None:
    story(told)
    told.settle()
    assert kinds(desk) == ["ticket.opened", "ticket.commented", "ticket.resolved"]
    assert [each["data"]["state"] for each in desk.events] == ["open", "open", "resolved"]
    assert [each["data"]["comment"] for each in desk.events] == [None, "still late", "done"]


def test_the_order_holds_when_the_first_of_them_has_to_wait(told: World, desk: SmallDesk) -> None:
    desk.answers = [503, 500]
    story(told)
    told.settle()
    assert kinds(desk) == ["ticket.opened", "ticket.commented", "ticket.resolved"]
    assert len(desk.bodies) == 5


def test_another_ticket_does_not_wait_for_a_ticket_that_is_not_taken(
    told: World, desk: SmallDesk
) -> None:
    desk.answers = [422]
    for reference in ("one", "two"):
        operation = told.submit("open", reference)
        note(told, operation, TicketNote("late", TEXT))
    told.work()
    assert [row["state"] for row in deliveries(told, DESK)].count("sent") == 1
    told.settle()
    assert {row["state"] for row in deliveries(told, DESK)} == {"sent"}


@pytest.mark.parametrize("death", ["before", "after"])
def test_a_desk_that_dies_gets_the_same_again_and_opens_one_ticket(
    told: World, desk: SmallDesk, death: str
) -> None:
    desk.dies = [death]
    story(told)
    told.settle()
    assert desk.bodies[0] == desk.bodies[1]
    assert kinds(desk) == ["ticket.opened", "ticket.commented", "ticket.resolved"]


def test_a_desk_that_keeps_no_ids_and_dies_after_acting_gets_the_same_reference_twice(
    told: World, desk: SmallDesk
) -> None:
    desk.dies, desk.remembers = ["after"], False
    story(told)
    told.settle()
    first, second = desk.events[:2]
    assert first == second


@pytest.mark.parametrize("point", ["before desk", "after desk"])
def test_a_worker_that_dies_while_telling_is_followed_by_another(
    mortal: World, desk: SmallDesk, point: str
) -> None:
    mortal.points.deadly.add(point)
    story(mortal)
    mortal.until(lambda: mortal.points.is_dying)
    mortal.points.deadly.clear()
    mortal.follow()
    mortal.settle()
    assert kinds(desk) == ["ticket.opened", "ticket.commented", "ticket.resolved"]
    assert len(desk.bodies) == (4 if point.startswith("after") else 3)


def test_a_desk_is_told_for_as_long_as_it_takes(told: World, desk: SmallDesk) -> None:
    desk.answers = [500] * 200
    operation = told.submit("open")
    told.settle()
    note(told, operation, TicketNote("late", TEXT))
    told.settle()
    assert kinds(desk) == ["ticket.opened"]
    (row,) = deliveries(told, DESK)
    assert (row["state"], row["tries"]) == ("sent", 201)


def test_a_desk_says_when_it_wants_to_be_asked_again(told: World, desk: SmallDesk) -> None:
    desk.answers, desk.headers = [429], {"Retry-After": "7200"}
    note(told, told.submit("open"), TicketNote("late", TEXT))
    told.work()
    (row,) = deliveries(told, DESK)
    assert row["said"] == "the desk answers 429"
    assert told.quiet.next_due
    due = [each["due_at"] for each in deliveries(told, DESK)]
    told.settle()
    assert due[0] - int(told.rows.tickets(1)[0]["opened_at"]) == 7_200_000


def test_the_desks_own_number_and_state_are_shown_on_operation_and_ticket(
    told: World, desk: SmallDesk
) -> None:
    operation = story(told)
    told.settle()
    with told.database.look() as connection:
        shown = find_ticket(connection, f"tkt_{told.rows.tickets(operation)[0]['id']}")
        asked = find_operation(connection, f"op_{operation}")
    assert shown.remote
    assert (shown.remote.number, shown.remote.state) == ("INC-1", "new")
    assert shown.remote.url == "https://desk.example/1"
    assert asked.remote == shown.remote


@pytest.mark.parametrize(("signs", "under"), [(False, None), (True, "tkt_1:99")])
def test_an_answer_that_is_not_signed_for_this_event_is_not_believed(
    told: World, desk: SmallDesk, *, signs: bool, under: str | None
) -> None:
    desk.signs, desk.signs_as = signs, under
    operation = story(told)
    told.settle()
    assert {row["state"] for row in deliveries(told, DESK)} == {"sent"}
    assert told.rows.tickets(operation)[0]["remote"] is None


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_answer_of_a_time_that_cannot_be_is_passed_over_and_holds_nothing_up(
    told: World, desk: SmallDesk, at: str
) -> None:
    desk.at = at
    operation = story(told)
    told.settle()
    assert kinds(desk) == ["ticket.opened", "ticket.commented", "ticket.resolved"]
    assert told.rows.tickets(operation)[0]["remote"] is None
    assert not [each for each in told.logs if each["log_level"] == "error"]


def test_of_what_a_desk_says_the_newest_holds(world: World) -> None:
    operation = story(world)
    key = world.rows.tickets(operation)[0]["id"]
    at = [datetime(2026, 6, day, tzinfo=UTC) for day in (2, 1, 3)]
    said = [DeskSaid(key, Remote("INC-1", f"state {each.day}", at=each)) for each in at]
    assert [world.writer.store(each) for each in said] == [True, False, True]
    assert json.loads(world.rows.tickets(operation)[0]["remote"])["state"] == "state 3"
    assert world.writer.store(DeskSaid(999, said[0].remote)) is None
