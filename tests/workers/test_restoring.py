"""A backup that is put back: platforms know more than the database, and nothing is done twice for that (I3)."""

from datetime import timedelta

from schema.errors import Refusal
from schema.store.moments import stored
from schema.store.visiting import INSPECT
from tests.world.backup import Backup, put_back, take
from tests.world.fixtures import MakeWorld
from tests.world.subjects import find_subjects
from tests.world.world import World

SUBJECTS = find_subjects()


def effects(world: World, operation: int) -> list[str]:
    """Return what an operation has done on its platform."""
    named = f"op_{operation}"
    return [each.action for each in world.platform.effects() if each.operation == named]


def opened_with_backups(world: World) -> tuple[int, list[Backup]]:
    """Let a line be opened that has a backup taken before each of its calls acts, and one before it waits."""
    operation = world.submit("open")
    backups = [take(world)]
    for action in ("reserve", "connect", "power"):
        gate = world.platform.hold(action)
        world.until(lambda gate=gate: gate.reached == 1)  # type: ignore[misc]
        backups.append(take(world))
        world.platform.open(action)
    return operation, backups


def test_I3_what_went_on_after_the_backup_asks_before_it_acts(world: World) -> None:
    world.platform.fault("sample", "no_idempotency")
    operation, backups = opened_with_backups(world)
    for backup in backups:
        world.run()
        done = put_back(world, backup)
        assert done.asking == 1
        world.settle()
        world.signal("line_active", reference=f"op_{operation}")  # the sample asks nobody for it
        world.settle()
        assert effects(world, operation) == ["reserve", "connect", "power"]
        assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_I3_what_stood_in_line_and_began_after_the_backup_asks_first(world: World) -> None:
    world.platform.fault("sample", "no_idempotency")
    gate = world.platform.hold("power")
    world.submit("open")
    world.until(lambda: gate.reached == 1)
    rename = world.submit("rename")
    backup = take(world)
    assert world.rows.operation(rename)["in_line"]
    world.platform.open("power")
    world.settle()
    assert effects(world, rename) == ["rename"]
    put_back(world, backup)
    world.settle()
    assert effects(world, rename) == ["rename"]
    assert world.rows.operation(rename)["state"] == "succeeded"
    world.check()


def test_I3_a_signal_that_the_backup_forgot_is_asked_for(make_world: MakeWorld) -> None:
    world = make_world(SUBJECTS["mobile_line"])
    operation = world.submit("activate")
    world.work()
    assert world.rows.operation(operation)["state"] == "waiting"
    looks_at = world.rows.due(operation)["wake_at"]
    backup = take(world)
    while (happens_at := world.platform.next_due) and stored(happens_at) < looks_at:
        world.move_time(happens_at)
        world.platform.due_callbacks()  # what was told since is known to nobody
    put_back(world, backup)
    world.work()
    assert stored(world.now) < looks_at
    assert world.rows.operation(operation)["state"] == "succeeded"
    assert world.rows.service()["state"] == "online"
    world.check()


def test_CO_3_a_cancel_undoes_what_was_begun_after_the_backup(world: World) -> None:
    operation = world.submit("open")
    backup = take(world)
    world.work()
    assert effects(world, operation) == ["reserve", "connect", "power"]
    put_back(world, backup)
    world.cancel(operation)
    world.settle()
    assert world.rows.operation(operation)["state"] == "cancelled"
    assert world.platform.shown("acme/one") == {}
    world.check()


def test_CO_3_what_may_be_past_return_since_the_backup_is_not_cancelled(world: World) -> None:
    world.submit("open")
    world.settle()
    operation = world.submit("close")
    done = put_back(world, take(world), final=(("sample", "close"),))
    assert done.asking == 1
    assert isinstance(world.cancel(operation), Refusal)
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_what_begins_later_has_surely_not_begun(world: World) -> None:
    later = world.now + timedelta(days=1)
    operation = world.submit("open", not_before=later)
    assert put_back(world, take(world)).asking == 0
    world.cancel(operation)
    assert world.rows.operation(operation)["state"] == "cancelled"


def test_I2_no_id_and_no_event_comes_twice_though_a_backup_is_put_back_twice(world: World) -> None:
    world.submit("open")
    world.settle()
    waiting = world.submit("open", "waits")
    world.work()
    backup = take(world)
    seen = set[tuple[object, ...]]()
    for life in range(3):
        world.cancel(waiting)
        world.submit("rename")
        world.submit("open", f"line-{life}")
        world.settle()
        world.platform.fault("sample", "outage", count=3)
        world.submit("close", f"line-{life}")
        world.settle(timedelta(minutes=20))
        known = named(world)
        assert not known & seen
        seen |= known
        put_back(world, backup)
        seen -= named(world)
    assert seen


def named(world: World) -> set[tuple[object, ...]]:
    """Return all that has a name outside: operations, services, tickets and events."""
    rows = world.rows
    keys = {
        (name, each["id"]) for name in ("operation", "service", "ticket") for each in rows.all(name)
    }
    lines = (each for each in rows.all("history") if each["event"])
    return keys | {("event", each["kind"], each["owner"], each["sequence"]) for each in lines}


def test_I5_nothing_is_owned_and_no_lease_is_left_after_a_backup(world: World) -> None:
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    backup = take(world)
    epoch = world.rows.operation(operation)["epoch"]
    gone = world.workers[0].key
    world.platform.open("connect")
    assert put_back(world, backup).workers == 1
    row = world.rows.operation(operation)
    assert (row["owner"], row["epoch"]) == (None, epoch + 1)
    assert [each["id"] for each in world.rows.all("worker")] != [gone]


def test_CO_5_a_desk_never_hears_of_another_thing_under_an_identity_that_it_knows(
    world: World,
) -> None:
    world.submit("open")
    world.settle()
    world.platform.fault("sample", "outage")
    world.submit("rename")
    world.settle(timedelta(minutes=20))
    backup = take(world)
    told = []
    for _ in range(2):
        world.platform.mend()
        world.settle()
        causes = {each["cause"] for each in world.rows.all("delivery", channel="desk")}
        told.append(causes)
        put_back(world, backup)
    first, second = told
    before = {each["cause"] for each in backup.rows["delivery"]}
    assert before
    assert first - before
    assert second - before
    assert first & second == before


def test_CO_14_what_lost_operations_changed_is_found_within_an_hour(make_world: MakeWorld) -> None:
    world = make_world(SUBJECTS["cloud_pbx"])
    world.submit("activate")
    world.settle()
    backup = take(world)
    world.submit("deactivate")
    world.settle()
    put_back(world, backup)
    assert world.rows.service()["state"] == "active"
    world.move_time(timedelta(hours=1))
    world.loop.run_until_complete(world.workers[0].visitor.once())
    (told,) = world.rows.all("operation", verb=INSPECT)
    assert told["reason"] == "the platform has it as deactivated"
    assert len(world.rows.tickets(told["id"])) == 1
