"""The system against the plain model: submit, double, signal, cancel, crash, lose, reorder, wait, in any order.

A failing sequence is printed, shrunk, with what replays it; `--hypothesis-seed=N` repeats a whole run.
"""

from pathlib import Path
from tempfile import mkdtemp

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import machine_on
from tests.world.databases import copied, empty
from tests.world.fixtures import postgres_url, sqlite_template

STEPS = settings(
    deadline=None,
    print_blob=True,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)


def test_the_system_keeps_to_the_model_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    machine = machine_on(lambda: copied(sqlite_template, Path(mkdtemp(dir=tmp_path))))
    run_state_machine_as_test(machine, settings=settings(STEPS, max_examples=40))


def test_the_system_keeps_to_the_model_on_postgresql(postgres_url: str) -> None:
    def fresh() -> str:
        empty(postgres_url)
        return postgres_url

    run_state_machine_as_test(machine_on(fresh), settings=settings(STEPS, max_examples=10))


__all__ = ["postgres_url", "sqlite_template"]
