"""What platforms changed without us is found within a day: adopted where they could have told it, else one ticket."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from schema.store.clock import RunTime
from schema.store.pauses import Pause
from schema.store.reads import find_operation, find_ticket
from schema.store.tickets import TicketText
from schema.store.visiting import (
    INSPECT,
    TakeVisits,
    Visited,
    next_visit,
    visits_are_due,
)
from tests.products.sip_device.examples import EXAMPLES as DEVICE
from tests.products.sip_device.examples import OTHER_MAC, WORKSPACE, make_workspace
from tests.world.fixtures import MakeWorld
from tests.world.journeys import reach
from tests.world.subjects import find_subjects
from tests.world.world import World
from workers.comparing import as_found
from workers.discovery import find_homes
from workers.products.sip_device.platform import ROOM

SUBJECTS = find_subjects()

A_DAY = timedelta(days=1)


@pytest.fixture
def pbx(make_world: MakeWorld) -> World:
    """A world with a telephone system that is active."""
    return at(make_world(SUBJECTS["cloud_pbx"]), "active")


@pytest.fixture
def line(make_world: MakeWorld) -> World:
    """A world with a mobile line that is online."""
    return at(make_world(SUBJECTS["mobile_line"]), "online")


def at(world: World, state: str) -> World:
    """Bring the service into a state."""
    assert reach(world, state) == "done"
    return world


def visit(world: World) -> None:
    """Let a day pass, and the services be visited that are due."""
    world.move_time(A_DAY)
    world.loop.run_until_complete(world.workers[0].visitor.once())
    assert not [each for each in world.logs if each["event"] == "visit_crashed"]


def by_hand(world: World, method: str, what: str, **body: Any) -> None:
    """Let somebody at the vendor's change the telephone system, and let that take its time."""
    path = f"/cloud_pbx/instances/{world.rows.service()['platform_id']}{what}"
    key = {"Idempotency-Key": f"op_1:by_hand_{world.now:%d%H%M}:0"}
    world.platform.take(method, path, {"json": body, "headers": key})
    world.settle()


def inspected(world: World) -> list[int]:
    """Return the operations that say that something is otherwise."""
    return [each["id"] for each in world.rows.all("operation", verb=INSPECT)]


def reads(world: World) -> int:
    """Return how often a service was shown."""
    return len([each for each in world.platform.calls if each.action.startswith("show")])


@pytest.mark.parametrize(
    ("product", "state"),
    [
        ("cloud_pbx", "active"),
        ("cloud_pbx", "deactivated"),
        ("mobile_line", "online"),
        ("mobile_line", "offline"),
        ("secure_account", "enabled"),
        ("secure_account", "by_operator"),
        ("sip_device", "registered"),
        ("sip_device", "unregistered"),
        ("business_user", "activated"),
    ],
)
def test_CO_14_what_is_alike_is_read_once_a_day_and_leaves_no_trace(
    make_sqlite_world: MakeWorld, product: str, state: str
) -> None:
    world = at(make_sqlite_world(SUBJECTS[product]), state)
    before, read = world.rows.stamp(), reads(world)
    for day in range(1, 3):
        visit(world)
        world.loop.run_until_complete(world.workers[0].visitor.once())
        assert reads(world) == read + day
    assert world.rows.stamp() == before
    world.check()


def test_CO_14_a_change_whose_signal_was_lost_is_adopted(line: World) -> None:
    line.person("disabled")
    lost = line.platform.due_callbacks()
    assert lost
    visit(line)
    assert line.rows.service()["state"] == "offline"
    found = line.rows.all("history", kind=1)[-1]
    assert (found["who"], found["why"], found["event"]) == (
        "platform",
        "disabled",
        "service_changed",
    )
    assert inspected(line) == []
    line.person("enabled")
    line.work()
    assert line.rows.service()["state"] == "online"
    line.check()


def test_CO_14_what_a_platform_never_tells_is_one_ticket_until_both_agree(pbx: World) -> None:
    by_hand(pbx, "PUT", "/power", on=False)
    for _ in range(3):
        visit(pbx)
    (key,) = inspected(pbx)
    (ticket,) = pbx.rows.tickets(key)
    assert (ticket["state"], ticket["desk"]) == ("open", "provider_support")
    assert "Platform:   off, access allowed" in ticket["body"]
    assert pbx.rows.service()["state"] == "active"
    pbx.check()
    by_hand(pbx, "PUT", "/power", on=True)
    visit(pbx)
    (ticket,) = pbx.rows.tickets(key)
    assert ticket["state"] == "resolved"
    by_hand(pbx, "PUT", "/power", on=False)
    visit(pbx)
    assert len(inspected(pbx)) == 2


def test_CO_14_a_difference_that_becomes_another_one_is_told_once_on_the_same_ticket(
    pbx: World,
) -> None:
    by_hand(pbx, "PUT", "/power", on=False)
    visit(pbx)
    by_hand(pbx, "PUT", "/access", allowed=False)
    for _ in range(2):
        visit(pbx)
    (key,) = inspected(pbx)
    assert [each["state"] for each in pbx.rows.tickets(key)] == ["open"]
    told = "the platform has it as deactivated"
    assert [each["body"] for each in pbx.rows.all("comment")] == [told]
    assert pbx.rows.all("history", kind=1)[-1]["why"] == told
    pbx.check()


def test_CO_14_what_is_gone_there_is_told(pbx: World) -> None:
    by_hand(pbx, "DELETE", "")
    visit(pbx)
    (key,) = inspected(pbx)
    with pbx.database.look() as connection:
        shown = find_operation(connection, f"op_{key}")
        ticket = find_ticket(connection, shown.ticket or "")
    assert (shown.state, shown.reason) == ("failed", "the platform has it as deleted")
    assert ticket.operation == f"op_{key}"
    pbx.check()


def test_CO_14_nobody_is_visited_while_an_operation_is_under_way(pbx: World) -> None:
    pbx.platform.fault("cloud_pbx", "outage", action="refuse_access")
    pbx.submit("deactivate")
    pbx.work()
    read = reads(pbx)
    pbx.move_time(A_DAY)
    pbx.loop.run_until_complete(pbx.workers[0].visitor.once())
    assert reads(pbx) == read
    assert inspected(pbx) == []


def test_CO_14_what_was_read_before_an_operation_is_out_of_date_after_it(pbx: World) -> None:
    by_hand(pbx, "PUT", "/access", allowed=False)
    pbx.move_time(A_DAY)
    gate = pbx.platform.hold("show_instance", most=1)
    task = pbx.loop.create_task(pbx.workers[0].visitor.once())
    pbx.until(lambda: gate.reached == 1)
    pbx.submit("deactivate")
    pbx.until(lambda: pbx.rows.service()["state"] == "deactivating")
    pbx.platform.open("show_instance")
    pbx.loop.run_until_complete(task)
    assert inspected(pbx) == []


@pytest.mark.parametrize("ends_as", ["succeeded", "failed"])
def test_CO_14_what_was_read_while_an_operation_moved_nothing_is_out_of_date(
    make_sqlite_world: MakeWorld, ends_as: str
) -> None:
    world = at(make_sqlite_world(SUBJECTS["business_user"]), "activated")
    world.move_time(A_DAY)
    (due,) = world.writer.store(TakeVisits(("business_user",), 2))
    if ends_as == "failed":
        world.platform.fault("business_user", "refuse")
    key = world.submit("change_services", fields={"services": ["voicemail"]})
    world.settle()
    assert world.rows.operation(key)["state"] == ends_as
    assert world.rows.service()["number"] == due.number
    text = TicketText("desk", "normal", "It differs", "It differs")
    found = Visited(due, "activated, with another services", text)
    assert world.writer.store(found) is None
    assert inspected(world) == []


def test_CO_14_what_cannot_be_read_today_is_read_tomorrow(pbx: World) -> None:
    by_hand(pbx, "PUT", "/access", allowed=False)
    pbx.platform.is_unreachable = True
    visit(pbx)
    assert inspected(pbx) == []
    pbx.platform.is_unreachable = False
    visit(pbx)
    assert len(inspected(pbx)) == 1


def test_CO_14_a_paused_product_is_left_alone(pbx: World) -> None:
    pbx.writer.store(Pause("cloud_pbx", "me", None))
    read = reads(pbx)
    visit(pbx)
    assert reads(pbx) == read


def test_CO_14_a_deleted_service_is_never_visited_again(line: World) -> None:
    line.submit("delete")
    line.settle()
    visit(line)
    assert line.rows.service()["visit_at"] is None


def test_CO_14_the_ticket_of_a_service_that_is_deleted_then_is_resolved(line: World) -> None:
    line.move_time(A_DAY)
    (due,) = line.writer.store(TakeVisits(("mobile_line",), 2))
    text = TicketText("desk", "normal", "It differs", "It differs")
    assert line.writer.store(Visited(due, "deleted", text)) == "told"
    (key,) = inspected(line)
    line.submit("delete")
    line.settle()
    visit(line)
    (ticket,) = line.rows.tickets(key)
    assert ticket["state"] == "resolved"
    assert [each["body"] for each in line.rows.all("comment")] == ["The service is deleted."]


def test_CO_14_what_was_read_before_the_platform_told_is_out_of_date(line: World) -> None:
    line.move_time(A_DAY)
    (due,) = line.writer.store(TakeVisits(("mobile_line",), 2))
    line.person("disabled")
    line.work()
    text = TicketText("desk", "normal", "It differs", "It differs")
    assert line.writer.store(Visited(due, "online", text)) is None
    assert line.rows.service()["state"] == "offline"


def test_CO_14_every_product_can_be_asked_how_a_service_is() -> None:
    homes = find_homes()
    assert [name for name, home in homes.items() if home.read_state is None] == []


def test_CO_14_visits_are_spread_over_the_day() -> None:
    day = A_DAY // timedelta(milliseconds=1)
    hours = Counter(next_visit(key, 0, A_DAY) * 24 // day for key in range(1, 2401))
    assert set(hours) == set(range(24))
    assert all(0 < next_visit(key, 7 * day, A_DAY) - 7 * day <= day for key in range(1, 100))
    assert max(hours.values()) < 2 * min(hours.values())


def test_CO_14_how_often_a_product_is_visited_is_set(make_sqlite_world: MakeWorld) -> None:
    subject = SUBJECTS["mobile_line"]
    often = replace(subject, product=replace(subject.product, visit_every=timedelta(hours=6)))
    world = at(make_sqlite_world(often), "online")
    read = reads(world)
    for _ in range(4):
        world.move_time(timedelta(hours=6))
        world.loop.run_until_complete(world.workers[0].visitor.once())
    assert reads(world) == read + 4


@pytest.fixture
def room(make_world: MakeWorld) -> World:
    """A world with a workspace in which no device stands any more."""
    world = make_world(SUBJECTS["sip_device"])
    make_workspace(world)
    return world


def change_room(world: World, **fields: Any) -> None:
    """Let somebody at the vendor's change the workspace."""
    path = "/sip_device/workspaces/acme~one"
    known = {"title": WORKSPACE["name"], **{each: WORKSPACE[each] for each in ROOM[1:]}}
    key = {"Idempotency-Key": f"op_1:by_hand_{world.now:%d%H%M}:0"}
    world.platform.take("PUT", path, {"json": {**known, **fields}, "headers": key})


def test_CO_14_a_workspace_is_read_too_and_what_is_otherwise_there_is_one_ticket(
    room: World,
) -> None:
    visit(room)
    assert inspected(room) == []
    change_room(room, title="Somebody's", capacity=9, number="+39 06 1234-5004")
    for _ in range(2):
        visit(room)
    (key,) = inspected(room)
    (ticket,) = room.rows.tickets(key)
    assert "Platform:   workspace, with another capacity, name\n" in ticket["body"]
    assert room.rows.service("one")["state"] == "workspace"
    room.check()
    change_room(room)
    visit(room)
    (ticket,) = room.rows.tickets(key)
    assert ticket["state"] == "resolved"


def test_CO_14_a_workspace_that_is_only_being_made_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world(SUBJECTS["sip_device"])
    world.platform.fault("sip_device", "outage", action="put_workspace")
    fields = {**DEVICE["activate"], "workspace": {"reference": "one", "new": WORKSPACE}}
    world.submit("activate", "phone", fields={**fields, "users": None})
    world.work()
    visit(world)
    assert inspected(world) == []


def test_CO_14_a_workspace_that_was_never_made_is_left_alone_until_it_is(
    make_world: MakeWorld,
) -> None:
    world = make_world(SUBJECTS["sip_device"])
    world.platform.fault("sip_device", "outage", action="put_workspace")
    fields = {**DEVICE["activate"], "workspace": {"reference": "one", "new": WORKSPACE}}
    first = world.submit("activate", "phone", fields={**fields, "users": None})
    fields |= {"mac": OTHER_MAC, "workspace": {"reference": "one"}, "users": None}
    later = world.now + timedelta(days=20)
    world.submit("activate", "later", fields=fields, not_before=later)
    world.work()
    world.cancel(first)
    world.platform.mend()
    world.settle(timedelta(hours=3))
    visit(world)
    assert inspected(world) == []
    assert world.rows.service("one")["state"] == "workspace"
    world.settle(timedelta(days=25))
    read = reads(world)
    visit(world)
    assert (reads(world), inspected(world)) == (read + 2, [])
    world.check()


def test_CO_14_order_and_emptiness_make_no_difference() -> None:
    here = {"services": ["fax", "voicemail"], "options": None, "groups": [{"kind": "park"}]}
    there = {"services": ["voicemail", "fax"], "options": [], "groups": [{"kind": "park"}]}
    assert as_found("activated", here, there) == "activated"
    others = {"services": ["fax"], "options": ["x"], "groups": [{"kind": "pickup"}]}
    assert (
        as_found("activated", here, others) == "activated, with another groups, options, services"
    )


def test_CO_14_settings_that_are_otherwise_there_are_named_without_their_values(
    make_sqlite_world: MakeWorld,
) -> None:
    world = at(make_sqlite_world(SUBJECTS["business_user"]), "activated")
    path = f"/business_user/users/{world.rows.service()['platform_id']}/settings"
    key = {"Idempotency-Key": "op_1:by_hand:0"}
    mobile = {"mobile": "+393479999999", "contract_number": "C-9"}
    world.platform.take("PUT", path, {"json": mobile, "headers": key})
    visit(world)
    (key_of_it,) = inspected(world)
    (ticket,) = world.rows.tickets(key_of_it)
    assert "Platform:   activated, with another contract_number, mobile\n" in ticket["body"]
    assert "999" not in ticket["body"]


def test_CO_14_nothing_changes_by_itself_while_time_stands(line: World) -> None:
    line.move_time(A_DAY)
    with line.database.look() as connection:
        assert not visits_are_due(connection, ["mobile_line"])
    line.writer.store(RunTime())
    with line.database.look() as connection:
        assert visits_are_due(connection, ["mobile_line"])
        assert not visits_are_due(connection, ["cloud_pbx"])
