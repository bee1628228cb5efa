"""A worker dies, or is asked to end, in the middle of its work: how soon others go on, and how."""

import threading
import time
from typing import Self

import pytest

from tests.system.conftest import MakeFleet
from tests.system.fleet import Fleet
from tests.system.looking import Looker
from tests.system.orders import activate, service_name
from tests.system.stage import Stage, check, on_stage
from tests.system.waiting import until

#: The longest that a takeover may take after a kill -9, in seconds (DESIGN idea 5).
TAKEOVER = 20

#: How long a lease lasts where nothing else is set, in seconds.
LEASE = 15

#: How many operations are under way.
MANY = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def test_what_a_killed_worker_had_is_taken_over_within_20_seconds(
    make_fleet: MakeFleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet = make_fleet()
    with on_stage(fleet, names=("simulator", "api", "relay", "waker", "worker-1")) as stage:
        look = Looker(fleet.database)
        row, owned = busy_worker(stage, look)
        begun = time.monotonic()
        fleet["worker-1"].kill()
        until(lambda: not (look.is_known(row) or look.owned(row)), "the takeover", 2 * TAKEOVER)
        taken = time.monotonic() - begun
        until(lambda: not look.stuck(owned), "that all go on", 2 * TAKEOVER)
        gone_on = time.monotonic() - begun
        with capsys.disabled():
            told = f"{len(owned)} operations of a killed worker: taken over after {taken:.1f} s"
            print(f"\n{told}, all gone on after {gone_on:.1f} s")  # noqa: T201  a figure of the issue
        stage.await_ends()
        check(stage.settle())
    assert taken <= TAKEOVER


def test_a_worker_that_is_asked_to_end_hands_over_at_once_and_leaves_no_suspects(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    with on_stage(fleet, names=("simulator", "api", "relay", "waker", "worker-1")) as stage:
        look = Looker(fleet.database)
        row, owned = busy_worker(stage, look)
        with Watch(look) as watch:
            begun = time.monotonic()
            assert fleet["worker-1"].stop() == 0
            assert not look.owned(row)
            until(lambda: not look.stuck(owned), "that all go on", within=10)
            assert time.monotonic() - begun < LEASE, "that was a lease that lapsed"
            stage.await_ends()
        check(stage.settle())
    assert watch.most_tries == 1
    assert fleet["waker"].events("taken_over") == []


def busy_worker(stage: Stage, look: Looker) -> tuple[int, dict[int, int]]:
    """Give the first worker its share of work beside a second one; return its row and what it owns."""
    fleet: Fleet = stage.fleet
    row = look.newest_worker()
    stage.fault("latency", 0.5)
    stage.hand_in([activate(service_name(each), f"first-{each}") for each in range(MANY)])
    fleet.start("worker-2")
    until(lambda: len(look.owned(row)) >= MANY // 4, "a busy worker")
    return row, look.owned(row)


class Watch:
    """Looks all the time how often a step was begun: one that was taken over is begun twice."""

    def __init__(self, look: Looker) -> None:
        self._look = look
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.most_tries = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        """Remember the most that was seen."""
        while not self._stopping.wait(0.02):
            self.most_tries = max(self.most_tries, self._look.most_tries())
