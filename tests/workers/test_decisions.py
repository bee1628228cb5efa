"""What becomes of an operation after one look: each outcome and each error is one record."""

from datetime import timedelta

import pytest

from schema.store.claimed import Begins
from schema.store.claims import Claim
from schema.store.moments import Pause
from tests.world.sample import SAMPLE
from tests.world.world import World
from workers import decisions, leaving
from workers.decisions import ALL_SIGNALS, BUG_PAUSE
from workers.errors import (
    NotReached,
    OutcomeUnknown,
    Permanent,
    PlatformError,
    Rejected,
    StateChanged,
    Throttled,
)
from workers.progress import CANCELLED, Progress, progress_of
from workers.workflow import Done, Wait

PRODUCT = SAMPLE.product

#: How long calls of these workers may go on acting.
SETTLE = timedelta(seconds=3)


def progress_at(world: World, verb: str, step: str | None = None, **changes: object) -> Progress:
    """Return where an operation is that begins, or that has come to a step and looks again."""
    if verb != "open":
        world.submit("open")
        world.settle()
    key = world.submit(verb)
    (claimed,) = world.writer.store(Claim(world.workers[0].key, (key,)))
    workflow = SAMPLE.home.workflows[verb]
    begun = progress_of(claimed, workflow, PRODUCT, world.equipment.sealer)
    if step is None:
        return begun
    found = workflow.steps[workflow.place(step)]
    return begun._replace(step=found, is_first=False, **changes)  # type: ignore[arg-type]


def test_a_step_that_is_done_begins_the_next_one(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open")
    record = decisions.step_done(progress, PRODUCT, Done({"platform_id": "x", "line_id": "y"}))
    assert (record.step, record.keeps, record.tries, record.ends) == (
        "connect_line",
        True,
        1,
        False,
    )
    assert record.turn == progress.turn + 1
    assert record.service is not None
    assert record.service.platform_id == "x"
    assert record.service.facts == '{"line_id": "y"}'


def test_the_last_step_that_is_done_ends_it(sqlite_world: World) -> None:
    record = decisions.step_done(progress_at(sqlite_world, "close", "remove_line"), PRODUCT, Done())
    assert (record.state, record.ends, record.outcome, record.step) == (
        "succeeded",
        True,
        "on_time",
        None,
    )
    assert record.service is not None
    assert record.service.releases
    assert record.service.move is not None
    assert record.service.move.after == "deleted"


@pytest.mark.parametrize("through", [frozenset(), frozenset({"rename"})])
def test_I5_a_wait_lets_go_of_the_service_only_for_others(
    sqlite_world: World, through: frozenset[str]
) -> None:
    progress = progress_at(sqlite_world, "open", "await_line")
    record = decisions.step_waits(progress, PRODUCT, Wait(None, "not yet", through))
    assert (record.state, record.reason, record.tries) == ("waiting", "not yet", 0)
    assert (record.service is not None) is bool(through)


def test_the_same_wait_again_writes_no_line(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "await_line", state="waiting", reason="not yet")
    assert decisions.step_waits(progress, PRODUCT, Wait(None, "not yet")).lines == ()
    assert len(decisions.step_waits(progress, PRODUCT, Wait(None, "another reason")).lines) == 1


def test_I7_errors_in_turn_write_one_line_for_all_tries_of_a_step(sqlite_world: World) -> None:
    first = progress_at(
        sqlite_world, "open", "connect_line", state="waiting", reason="not yet", attempt=0
    )
    record = decisions.step_failed(first, PRODUCT, NotReached("status 500"), SETTLE)
    assert [line.why for line in record.lines] == ["trying again: status 500"]
    again = first._replace(attempt=1, reason=record.reason)
    record = decisions.step_failed(again, PRODUCT, OutcomeUnknown("status 503"), SETTLE)
    assert record.lines == ()
    assert (record.reason, record.attempt) == ("outcome unknown: status 503", 2)
    assert record.trouble is not None
    assert (record.trouble.tries, record.trouble.said) == (2, "status 503")


@pytest.mark.parametrize("error", [NotReached("x"), OutcomeUnknown("x")])
def test_a_passing_error_is_tried_again(sqlite_world: World, error: PlatformError) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line", attempt=2)
    record = decisions.step_failed(progress, PRODUCT, error, SETTLE)
    assert (record.state, record.attempt, record.tries) == ("waiting", 3, 0)
    assert isinstance(record.wake_at, Pause)
    assert timedelta(seconds=2) <= record.wake_at.length <= timedelta(seconds=4)
    assert record.wake_at.until == progress.claimed.deadline_at


@pytest.mark.parametrize(
    ("error", "least"), [(NotReached("x"), timedelta()), (OutcomeUnknown("x"), SETTLE)]
)
def test_I3_a_call_that_may_still_act_has_time_to_settle(
    sqlite_world: World, error: PlatformError, least: timedelta
) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line")
    record = decisions.step_failed(progress, PRODUCT, error, SETTLE)
    assert isinstance(record.wake_at, Pause)
    assert record.wake_at.least == least


def test_a_throttle_waits_exactly_as_told(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line")
    record = decisions.step_failed(progress, PRODUCT, Throttled("x", timedelta(seconds=77)), SETTLE)
    assert record.wake_at == Pause(timedelta(seconds=77))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (StateChanged("x"), "state_changed"),
        (Rejected("x"), "rejected"),
        (Permanent("no"), "the platform refused: no"),
    ],
)
def test_a_permanent_error_begins_to_undo(
    sqlite_world: World, error: PlatformError, reason: str
) -> None:
    progress = progress_at(sqlite_world, "open", "await_line")
    record = decisions.step_failed(progress, PRODUCT, error, SETTLE)
    assert (record.step, record.undoing, record.keeps) == ("start_line", reason, True)


@pytest.mark.parametrize("step", ["wipe_line", "remove_line"])
def test_CO_3_a_permanent_error_past_return_needs_a_person(sqlite_world: World, step: str) -> None:
    record = decisions.step_failed(
        progress_at(sqlite_world, "close", step), PRODUCT, Permanent("no"), SETTLE
    )
    assert (record.state, record.reason, record.wake_at) == ("waiting", "parked", None)
    assert record.seen == ALL_SIGNALS
    assert record.ticket is not None
    assert record.ticket.opens is not None


def test_a_permanent_error_while_undoing_needs_a_person(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line", undoing=CANCELLED)
    assert decisions.step_failed(progress, PRODUCT, Permanent("no"), SETTLE).reason == "parked"


@pytest.mark.parametrize("tries", [1, 2])
def test_I9_a_bug_is_tried_once_more_and_then_parked(sqlite_world: World, tries: int) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line", tries=tries)
    record = decisions.step_crashed(progress, PRODUCT, ZeroDivisionError())
    if tries == 1:
        assert (record.tries, record.wake_at) == (1, Pause(BUG_PAUSE))
    else:
        assert record.reason == "parked"


def test_CO_3_what_is_being_undone_is_not_cancelled_once_more(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "start_line", cancel="me")
    assert decisions.is_cancelled(progress)
    assert not decisions.is_cancelled(progress._replace(undoing="something"))


def test_CO_3_a_final_step_that_was_cancelled_as_it_began_has_not_acted(
    sqlite_world: World,
) -> None:
    progress = progress_at(sqlite_world, "close", "wipe_line", cancel="me")
    record = decisions.cancelled(progress._replace(is_first=False), PRODUCT)
    assert (record.step, record.undoing) == ("refuse_calls", CANCELLED)


def test_CO_3_a_step_that_has_not_begun_is_not_undone(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "start_line", cancel="me")
    assert decisions.cancelled(progress, PRODUCT).step == "start_line"
    first = decisions.cancelled(progress._replace(is_first=True), PRODUCT)
    assert first.step == "connect_line"


def test_I11_what_is_left_is_as_it_was(sqlite_world: World) -> None:
    progress = progress_at(sqlite_world, "open", "connect_line")
    claimed = progress.claimed._replace(
        step="connect_line", attempt=4, state="waiting", begins=None
    )
    record = leaving.left(claimed)
    assert (record.step, record.attempt, record.state) == ("connect_line", 4, "waiting")
    assert record.wake_at == Pause(leaving.LEFT_PAUSE)
    assert record.lines == ()


@pytest.mark.parametrize(
    ("begins", "state"), [("yes", "running"), ("refused", "accepted"), ("already", "accepted")]
)
def test_CO_13_what_may_not_begin_has_not_begun_when_it_is_left(
    sqlite_world: World, begins: Begins, state: str
) -> None:
    claimed = progress_at(sqlite_world, "open").claimed._replace(begins=begins)
    assert leaving.left(claimed).state == leaving.given_back(claimed).state == state
