"""A paused product's operations are kept and not claimed; its deadlines go on (DESIGN idea 7)."""

from datetime import timedelta

from schema.store.claims import Claim
from schema.store.database import Database
from schema.store.leases import Boot
from schema.store.pauses import Pause, Resume, paused_products
from schema.store.waking import due_operations
from schema.views import Paused
from tests.world.world import START, World

PAUSE = Pause("sample", "anna", "the vendor moves house")


def offered(world: World) -> list[int]:
    """The operations that the waker finds due."""
    with world.database.look() as connection:
        found = due_operations(connection, 10)
    return [wake.operation for wakes in found.values() for wake in wakes]


def paused(database: Database) -> dict[str, Paused]:
    """What is paused."""
    with database.look() as connection:
        return paused_products(connection)


def test_a_paused_products_operation_is_accepted_and_begins_when_it_goes_on(world: World) -> None:
    assert world.writer.store(PAUSE)
    operation = world.submit("open")
    world.work()
    assert world.rows.operation(operation)["state"] == "accepted"
    assert world.platform.effects() == []
    assert world.writer.store(Resume("sample"))
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"
    world.check()


def test_a_pause_stops_no_deadline(world: World) -> None:
    world.writer.store(PAUSE)
    operation = world.submit("open")
    world.settle(timedelta(days=30))
    (ticket,) = world.rows.all("ticket")
    assert (ticket["operation_id"], ticket["state"]) == (operation, "open")
    assert world.rows.operation(operation)["state"] == "accepted"
    world.writer.store(Resume("sample"))
    world.settle()
    (ticket,) = world.rows.all("ticket")
    assert ticket["state"] == "resolved"
    assert world.rows.operation(operation)["outcome"] == "late"
    world.check()


def test_what_waits_when_a_product_is_paused_is_not_looked_at_again_until_it_goes_on(
    world: World,
) -> None:
    operation = world.submit("open")
    world.work()
    assert world.rows.operation(operation)["state"] == "waiting"
    world.writer.store(PAUSE)
    looks = len(world.platform.calls)
    world.move_time(timedelta(minutes=10))
    world.work()
    assert len(world.platform.calls) == looks
    world.writer.store(Resume("sample"))
    world.settle()
    assert world.rows.operation(operation)["state"] == "succeeded"


def test_what_is_due_of_a_paused_product_is_neither_offered_nor_in_the_clocks_way(
    world: World,
) -> None:
    operation = world.submit("open")
    assert offered(world) == [operation]
    world.writer.store(PAUSE)
    assert offered(world) == []
    assert world.quiet.is_quiet
    world.writer.store(Resume("sample"))
    assert not world.quiet.is_quiet


def test_a_claim_whose_answer_was_lost_is_answered_also_while_the_product_is_paused(
    world: World,
) -> None:
    operation = world.submit("open")
    owner = world.writer.store(Boot("worker", "world", {}, timedelta(minutes=1)))
    world.writer.store(Claim(owner, (operation,)))
    world.writer.store(PAUSE)
    (again,) = world.writer.store(Claim(owner, (operation,)))
    assert again.id == operation


def test_who_paused_first_stays_named_and_resuming_twice_is_resuming_once(world: World) -> None:
    assert world.writer.store(PAUSE)
    assert not world.writer.store(Pause("sample", "berta"))
    first = Paused(since=START, by="anna", why="the vendor moves house")
    assert paused(world.database) == {"sample": first}
    assert world.writer.store(Resume("sample"))
    assert not world.writer.store(Resume("sample"))
    assert paused(world.database) == {}
