"""A verb that replaces a waiting one ends it, and begins when what that had done is undone (CO-8)."""

from datetime import timedelta
from typing import Any

import pytest

from schema.errors import Refusal
from schema.lifecycle import Cell, Moves
from schema.store.order import Accepted
from tests.products.sample.platform import LinePlatform
from tests.world.fixtures import MakeWorld
from tests.world.sample import SAMPLE
from tests.world.variants import with_step, with_verb
from tests.world.world import START, World
from workers.workflow import Done, Outcome, Wait, Work

CLOSES = SAMPLE.product.verbs["close"].takes


async def wait_for_a_word(work: Work, platform: LinePlatform) -> Outcome:
    """Wait until a person says go."""
    if any(signal.kind == "go" for signal in work.signals):
        return Done()
    return Wait(None, "waits for a word")


async def wait_and_let_through(work: Work, platform: LinePlatform) -> Outcome:
    """Wait for ever, and let other renames pass meanwhile."""
    return Wait(None, "waits", frozenset({"rename"}))


#: The sample where `close` replaces an `open` that waits for the line.
REPLACING = with_verb(
    with_verb(SAMPLE, "open", replaced_by=frozenset({"close"})),
    "close",
    takes={**CLOSES, "opening": Cell.YES},
)

#: The sample where `close` waits for a word, and is replaced by another `close`.
REPLACED = with_step(
    with_verb(SAMPLE, "close", moves=Moves(done="deleted"), replaced_by=frozenset({"close"})),
    "close",
    "refuse_calls",
    run=wait_for_a_word,
    ask=None,
    undo=None,
)


def ending(world: World, operation: int) -> tuple[Any, ...]:
    """Return how an operation ended."""
    row = world.rows.operation(operation)
    return row["state"], row["outcome"], row["reason"]


def open_line(world: World) -> None:
    """Bring the service `one` to `open`."""
    world.submit("open")
    world.settle()


def test_CO_8_what_is_replaced_is_undone_before_its_successor_begins(make_world: MakeWorld) -> None:
    world = make_world(REPLACING)
    opening = world.submit("open")
    world.work()
    assert world.rows.service()["holder"] is None
    closing = world.submit("close")
    assert world.rows.service()["holder"] == opening
    world.settle()
    assert ending(world, opening) == ("cancelled", "cancelled", "superseded")
    assert ending(world, closing) == ("succeeded", "already", None)
    effects = [effect.action for effect in world.platform.effects()]
    assert effects == ["reserve", "connect", "power", "power", "connect", "remove"]
    assert world.rows.moves() == ["new", "opening", "deleted"]
    assert world.rows.all("ticket") == []
    world.check()


def test_CO_8_a_verb_beside_the_waiting_one_is_not_replaced_but_busy(make_world: MakeWorld) -> None:
    world = make_world(REPLACING)
    opening = world.submit("open")
    world.work()
    gate = world.platform.hold("rename")
    renaming = world.submit("rename")
    world.until(lambda: gate.reached == 1)
    answer = world.ask("close")
    assert isinstance(answer, Refusal)
    assert (answer.reason, answer.facts["operation"]) == ("busy", f"op_{renaming}")
    world.platform.open("rename")
    world.settle()
    assert ending(world, opening)[0] == "succeeded"
    world.check()


def test_CO_8_what_acts_is_not_replaced(make_world: MakeWorld) -> None:
    world = make_world(REPLACING)
    gate = world.platform.hold("connect")
    opening = world.submit("open")
    world.until(lambda: gate.reached == 1)
    answer = world.ask("close")
    assert isinstance(answer, Refusal)
    assert answer.reason == "busy"
    world.platform.open("connect")
    world.settle()
    assert ending(world, opening)[0] == "succeeded"


def test_CO_8_a_verb_replaces_one_of_its_own_kind_that_waits(make_world: MakeWorld) -> None:
    world = make_world(REPLACED)
    open_line(world)
    first = world.submit("close")
    world.work()
    second, third = (
        answer.operation
        for answer in world.hand_in(world.order("close"), world.order("close", event_id="again"))
        if isinstance(answer, Accepted)
    )
    assert ending(world, second) == ("cancelled", "cancelled", "superseded")
    world.work()
    assert ending(world, first) == ("cancelled", "cancelled", "superseded")
    assert world.rows.operation(third)["state"] == "waiting"
    assert world.rows.service()["state"] == "open"
    world.signal("go", reference=f"op_{third}")
    world.settle()
    assert ending(world, third) == ("succeeded", "on_time", None)
    assert [each.action for each in world.platform.effects()][-2:] == ["fill", "remove"]
    world.check()


@pytest.mark.parametrize("dies_after", [1, 2, 3, 4, 5, 6])
def test_CO_8_a_worker_that_dies_meanwhile_changes_nothing(
    make_world: MakeWorld, dies_after: int
) -> None:
    world = make_world(REPLACING)
    opening = world.submit("open")
    world.work()
    closing = world.submit("close")
    world.points.dies_at = len(world.points.reached) + dies_after
    world.settle()
    assert not world.points.is_spared
    assert ending(world, opening) == ("cancelled", "cancelled", "superseded")
    assert ending(world, closing) == ("succeeded", "already", None)
    world.check()


def test_CO_8_through_verbs_take_the_hold_in_order_of_arrival(world: World) -> None:
    opening = world.submit("open")
    world.work()
    first, second = (world.submit("rename", fields={"name": name}) for name in ("a", "b"))
    assert world.rows.service()["holder"] == first
    world.work()
    ended = [world.rows.operation(each)["state"] for each in (first, second)]
    assert ended == ["succeeded", "succeeded"]
    renames = [each.key for each in world.platform.effects() if each.action == "rename"]
    assert [key.partition(":")[0] for key in renames] == [f"op_{first}", f"op_{second}"]
    assert world.rows.operation(opening)["state"] == "waiting"
    world.settle()
    assert ending(world, opening) == ("succeeded", "on_time", None)
    world.check()


def late_close(world: World) -> tuple[int, int]:
    """Return an `open` that never comes to its end, and a `close` ordered for an hour later."""
    world.platform.fault("sample", "never", action="power")
    opening = world.submit("open")
    world.work()
    return opening, world.submit("close", not_before=START + timedelta(hours=1))


def test_CO_13_what_is_ordered_for_later_replaces_nothing_before_it_starts(
    make_world: MakeWorld,
) -> None:
    world = make_world(REPLACING)
    opening, closing = late_close(world)
    world.settle(timedelta(minutes=59))
    assert ending(world, opening) == ("waiting", None, "the line is not active yet")
    world.settle(timedelta(minutes=2))
    assert ending(world, opening) == ("cancelled", "cancelled", "superseded")
    assert ending(world, closing) == ("succeeded", "already", None)
    assert world.rows.moves() == ["new", "opening", "deleted"]
    world.check()


def test_CO_13_what_waits_when_it_starts_and_lets_it_not_through_refuses_it(
    make_world: MakeWorld,
) -> None:
    world = make_world(
        with_step(REPLACING, "rename", "rename_line", run=wait_and_let_through, ask=None)
    )
    open_line(world)
    closing = world.submit("close", not_before=world.now + timedelta(minutes=10))
    renaming = world.submit("rename")
    world.settle(timedelta(minutes=11))
    assert ending(world, closing) == ("failed", "failed", "state_changed")
    assert world.rows.tickets(closing) == []
    assert world.rows.operation(renaming)["state"] == "waiting"
    assert world.rows.service()["state"] == "open"
    world.check()
