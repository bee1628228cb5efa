"""The system against the plain model: submit, double, confirm, use phones, cancel, crash, lose, wait, in any order.

A failing sequence is printed, shrunk, with what replays it; `--hypothesis-seed=N` repeats a whole run, and
`--hypothesis-profile=long --timeout=0` goes on for an hour.
"""

from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.assembly import machine_on
from tests.world.databases import copied, empty
from tests.world.fixtures import postgres_url, sqlite_template

#: How many worlds are played, in hundredths of the examples that the profile says.
SQLITE, POSTGRESQL = 15, 4

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def steps(hundredths: int) -> settings:
    """Return how long to go on, by the profile."""
    return settings(
        deadline=None,
        print_blob=True,
        stateful_step_count=50,
        suppress_health_check=list(HealthCheck),
        max_examples=max(1, settings().max_examples * hundredths // 100),
    )


def test_the_system_keeps_to_the_model_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    machine = machine_on(lambda: copied(sqlite_template, Path(mkdtemp(dir=tmp_path))))
    run_state_machine_as_test(machine, settings=steps(SQLITE))


def test_the_system_keeps_to_the_model_on_postgresql(postgres_url: str) -> None:
    def fresh() -> str:
        empty(postgres_url)
        return postgres_url

    run_state_machine_as_test(machine_on(fresh), settings=steps(POSTGRESQL))


__all__ = ["postgres_url", "sqlite_template"]
