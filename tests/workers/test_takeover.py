"""Workers that die, stop and wake up: others take over, and everything is done once (I1, I3)."""

from datetime import timedelta

import pytest

from schema.errors import Refusal
from schema.ids import public_id
from schema.store.leases import Renew
from schema.store.order import Accepted
from tests.workers.test_superseding import REPLACING, late_close
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import without_step
from tests.world.worker import SHORT, STOPPED
from tests.world.world import START, World
from workers.waker import LAPSED


def see_done_once(world: World, operation: int) -> None:
    """See that an opened line was opened with each effect once."""
    assert world.rows.operation(operation)["state"] == "succeeded"
    mine = [effect for effect in world.platform.effects() if effect.operation == f"op_{operation}"]
    assert [effect.action for effect in mine] == ["reserve", "connect", "power"]
    world.check()


def lapsed(world: World) -> set[int]:
    """Return the workers from whom others have taken over."""
    found = [each["workers"] for each in world.logs if each["event"] == "taken_over"]
    return {key for keys in found for key in keys}


def test_I1_a_killed_worker_is_followed_by_another_with_a_new_epoch(world: World) -> None:
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    epoch = world.rows.operation(operation)["epoch"]
    world.crash()
    world.platform.open("connect")
    world.boot()
    world.work()
    assert world.rows.operation(operation)["epoch"] > epoch + 1
    world.settle()
    see_done_once(world, operation)


def test_I3_a_call_that_acted_before_the_kill_is_asked_for_and_not_repeated(world: World) -> None:
    world.platform.fault("sample", "no_idempotency")
    world.points.deadly.add("called power")
    operation = world.submit("open")
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.settle()
    see_done_once(world, operation)


def test_I1_a_lease_that_nobody_renews_lapses_and_is_taken_over(world: World) -> None:
    world.crash()
    short = world.boot(terms=SHORT)
    gate = world.platform.hold("connect")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    world.crash(short, lapses=False)
    world.platform.open("connect")
    world.boot()
    world.until(lambda: world.rows.operation(operation)["state"] == "waiting")
    assert short.key in lapsed(world)
    world.settle()
    see_done_once(world, operation)


def test_a_living_worker_keeps_its_lease_for_longer_than_one_length(world: World) -> None:
    world.crash()
    living = world.boot(terms=SHORT)
    first = world.rows.all("worker")[0]["lease_until"]
    world.until(lambda: world.rows.all("worker")[0]["lease_until"] > first + 1000)
    assert not living.lease.is_lost
    assert living.key not in lapsed(world)


def test_I3_a_worker_stopped_past_its_lease_loses_its_writes(world: World) -> None:
    world.crash()
    stopped = world.boot(terms=STOPPED)
    gate = world.platform.hold("connect", most=1)
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    stopped.is_stopped = True
    world.boot()
    world.until(lambda: stopped.lease.left < timedelta(0))
    world.until(lambda: world.rows.operation(operation)["state"] == "waiting")
    world.platform.open("connect")
    world.run()
    lost = [each for each in world.logs if each["event"] == "record_lost"]
    assert len(lost) == 1
    world.settle()
    see_done_once(world, operation)


def test_I3_a_worker_stopped_past_its_lease_is_kept_from_calling(world: World) -> None:
    world.submit("open")
    world.settle()
    world.crash()
    stopped = world.boot(terms=STOPPED)
    gate = world.platform.hold("show_line", most=1)
    operation = world.submit("rename")
    world.until(lambda: gate.reached == 1)
    stopped.is_stopped = True
    world.boot()
    world.until(lambda: stopped.lease.left < timedelta(0))
    world.until(lambda: world.rows.operation(operation)["state"] == "succeeded")
    world.platform.open("show_line")
    world.run()
    assert stopped.lease.is_lost
    calls = [each for each in world.platform.calls if each.action == "rename"]
    assert len(calls) == 1
    world.check()


def test_I1_who_has_lost_his_lease_claims_nothing(world: World) -> None:
    stopped = world.workers[0]
    operation = world.submit("open")
    world.lapse(stopped)
    world.waker.once()
    world.queue.clear()
    gate = world.platform.hold("reserve")
    stopped.take("sample", [operation])
    stopped.is_stopped = True
    world.boot()
    world.run()
    assert gate.reached == 0
    assert world.rows.operation(operation)["owner"] is None
    world.platform.open("reserve")
    world.settle()
    see_done_once(world, operation)


def test_a_lease_never_gets_the_number_of_an_earlier_one(world: World) -> None:
    gone = world.workers[0].key
    world.crash()
    world.waker.once()
    assert world.boot().key > gone


def test_a_lease_that_was_taken_over_cannot_be_renewed(world: World) -> None:
    worker = world.workers[0]
    assert world.writer.store(Renew(worker.key, timedelta(seconds=1)))
    world.lapse(worker)
    world.waker.once()
    assert not world.writer.store(Renew(worker.key, timedelta(seconds=1)))


@pytest.mark.parametrize("point", ["call connect acme/one", "called connect", "called remove"])
def test_I1_a_takeover_while_undoing_goes_on_undoing(world: World, point: str) -> None:
    world.platform.fault("sample", "refuse", action="power", count=1)
    world.platform.fault("sample", "no_idempotency")
    operation = world.submit("open")
    gate = world.platform.hold("power")
    world.until(lambda: gate.reached == 1)
    world.points.deadly.add(point)
    world.platform.open("power")
    world.until(lambda: world.points.is_dying)
    world.points.deadly.clear()
    world.settle()
    row = world.rows.operation(operation)
    assert row["state"] == "failed"
    assert world.platform.shown("acme/one") == {}
    assert len(world.rows.tickets(operation)) == 1
    world.check()


@pytest.mark.parametrize("point", ["written Claim", "write Recorded"])
@pytest.mark.parametrize(
    ("verb", "state", "outcome"),
    [("rename", "failed", "failed"), ("close", "succeeded", "already")],
)
def test_CO_13_what_may_not_begin_is_ended_so_however_often_its_worker_dies(
    world: World, verb: str, state: str, outcome: str, point: str
) -> None:
    world.submit("open")
    world.settle()
    tonight = START + timedelta(hours=12)
    operation = world.submit(verb, not_before=tonight)
    world.submit("close")
    world.settle(tonight - timedelta(minutes=1))
    world.platform.calls.clear()
    for _ in range(4):
        world.move_time(max(tonight, world.now))
        world.points.deadly.add(point)
        world.until(lambda: world.points.is_dying)
        world.points.deadly.clear()
        world.follow()
        assert world.rows.operation(operation)["state"] == "accepted"
    world.settle()
    row = world.rows.operation(operation)
    assert (row["state"], row["outcome"]) == (state, outcome)
    assert world.rows.story(operation)[-1].split()[0] == state
    assert world.rows.tickets(operation) == []
    assert world.platform.calls == []
    world.check()


def test_I11_a_step_that_a_version_lacks_is_left_to_newer_workers(world: World) -> None:
    gate = world.platform.hold("power")
    operation = world.submit("open")
    world.until(lambda: gate.reached == 1)
    world.crash()
    world.platform.open("power")
    old = without_step(SAMPLE, "open", "start_line").home
    world.boot(homes={"sample": old})
    world.work()
    row = world.rows.operation(operation)
    assert (row["step"], row["owner"]) == ("start_line", None)
    assert "operation_left" in [each["event"] for each in world.logs]
    world.crash()
    world.boot()
    world.settle()
    see_done_once(world, operation)


def test_I11_a_verb_that_a_version_lacks_is_left_to_newer_workers(make_world: MakeWorld) -> None:
    world = make_world()
    operation = world.submit("open")
    verbs = {name: v for name, v in SAMPLE.product.verbs.items() if name != "open"}
    kept = dict(SAMPLE.product.verbs)
    world.products["sample"].verbs.clear()  # type: ignore[attr-defined]
    world.products["sample"].verbs.update(verbs)  # type: ignore[attr-defined]
    try:
        world.waker.once()
        world.deliver()
        world.run()
        row = world.rows.operation(operation)
        assert (row["state"], row["owner"]) == ("accepted", None)
    finally:
        world.products["sample"].verbs.update(kept)  # type: ignore[attr-defined]
    world.settle()
    see_done_once(world, operation)


def test_I11_a_waiting_verb_that_a_version_lacks_is_in_the_way_until_a_newer_one_decides(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(REPLACING)
    opening, closing = late_close(world)
    with monkeypatch.context() as old:
        old.delitem(world.products["sample"].verbs, "open")
        refused = world.ask("close")
        assert isinstance(refused, Refusal)
        assert (refused.reason, refused.facts["operation"]) == ("busy", public_id("op", opening))
        world.move_time(timedelta(hours=1))
        world.waker.once()
        world.deliver()
        world.run()
        row = world.rows.operation(closing)
        assert (row["state"], row["owner"]) == ("accepted", None)
        assert world.rows.operation(opening)["cancel"] is None
    world.settle()
    states = [world.rows.operation(each)["state"] for each in (opening, closing)]
    assert states == ["cancelled", "succeeded"]
    world.check()


def test_I11_a_missed_deadline_of_a_verb_that_a_version_lacks_keeps_its_waker_from_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.submit("open")
    world.settle()
    world.crash()
    newer = world.submit("close")
    with monkeypatch.context() as old:
        old.delitem(world.products["sample"].verbs, "close")
        world.move_time(timedelta(hours=1))
        other = world.submit("open", "two")
        world.waker.once()
        assert world.rows.tickets(newer) == []
        world.boot()
        world.until(lambda: world.rows.operation(other)["state"] != "accepted")
    world.settle()
    (ticket,) = world.rows.tickets(newer)
    assert ticket["state"] == "resolved"
    assert world.rows.operation(newer)["outcome"] == "late"
    world.check()


@pytest.mark.parametrize("has_begun", [False, True])
def test_I11_a_verb_that_a_version_lacks_is_cancelled_by_a_newer_one(
    world: World, monkeypatch: pytest.MonkeyPatch, *, has_begun: bool
) -> None:
    operation = world.submit("open")
    if has_begun:
        world.work()
    with monkeypatch.context() as old:
        old.delitem(world.products["sample"].verbs, "open")
        refused = world.cancel(operation)
        assert isinstance(refused, Refusal)
        assert (refused.status, refused.reason) == (409, "verb_not_supported")
        assert "cancel it with the newer one" in refused.detail
    assert isinstance(world.cancel(operation), Accepted)
    world.settle()
    assert world.rows.operation(operation)["state"] == "cancelled"


def test_the_waker_looks_for_lapsed_workers_often_enough() -> None:
    assert LAPSED <= 5
