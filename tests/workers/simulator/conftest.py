"""A simulator on a free port, with somebody who listens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import workers.products
from tests.workers.simulator.world import START, Listener, World
from workers.simulator.clock import Standing
from workers.simulator.thread import SimulatorThread


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "simulator.db"


@pytest.fixture
def paging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a product that touches no file of the simulator."""
    vendors = str(Path(__file__).parent / "vendors")
    monkeypatch.setattr(workers.products, "__path__", [*workers.products.__path__, vendors])


@pytest.fixture
def world(paging: None, listener: Listener, database: Path) -> Iterator[World]:
    targets = {"cloud_pbx": listener.target, "paging": listener.target}
    with SimulatorThread(database, targets, Standing(START)) as simulator:
        yield World(simulator.url, listener)
