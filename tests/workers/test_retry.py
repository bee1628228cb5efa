"""The pauses between tries (DESIGN idea 8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from schema.store.moments import Pause
from workers.retry import FIRST, LONGEST, next_try

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
DEADLINE = NOW + timedelta(hours=1)


def pause(attempt: int, seed: str = "op_1:step:0") -> timedelta:
    """Return the pause after so many failures, far from the deadline."""
    return next_try(NOW, attempt, DEADLINE, seed).length


@given(st.integers(1, 10**6), st.text(max_size=20))
def test_a_pause_is_half_to_all_of_a_doubling_length(attempt: int, seed: str) -> None:
    full = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST)
    assert full / 2 - timedelta(milliseconds=1) <= pause(attempt, seed) <= full


@given(st.integers(1, 100), st.text(max_size=20))
def test_a_pause_is_the_same_for_the_same_try(attempt: int, seed: str) -> None:
    assert pause(attempt, seed) == pause(attempt, seed)


def test_two_operations_do_not_try_at_the_same_time() -> None:
    assert len({pause(5, f"op_{n}:step:0") for n in range(100)}) > 90


@given(st.integers(1, 30), st.integers(0, 3_600_000))
def test_no_try_before_the_deadline_passes_over_it(attempt: int, gone: int) -> None:
    now = NOW + timedelta(milliseconds=gone)
    due = next_try(now, attempt, DEADLINE, "seed").after(now)
    assert due > now
    assert due <= DEADLINE or now >= DEADLINE


def test_after_the_deadline_a_try_comes_every_five_minutes() -> None:
    assert next_try(DEADLINE, 99, DEADLINE, "seed") == Pause(LONGEST)
    assert next_try(DEADLINE + LONGEST, 1, DEADLINE, "seed") == Pause(LONGEST)


def test_a_pause_begins_when_it_is_stored_and_not_when_the_call_began() -> None:
    asked = next_try(NOW, 1, DEADLINE, "seed")
    assert asked.after(NOW + timedelta(seconds=10)) == NOW + timedelta(seconds=10) + asked.length
    assert asked.after(DEADLINE) == DEADLINE + asked.length


def test_not_even_the_try_at_the_deadline_comes_before_a_call_has_settled() -> None:
    settles = replace(next_try(NOW, 9, DEADLINE, "seed"), least=timedelta(seconds=3))
    assert settles.after(DEADLINE - timedelta(minutes=1)) == DEADLINE
    late = DEADLINE - timedelta(seconds=1)
    assert settles.after(late) == late + timedelta(seconds=3)
