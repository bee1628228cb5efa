"""A plugin of pytest that writes down which functions each test reaches, and what it costs."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutants.making import PACKAGES, ROOT

#: Names the directory that the notes go into.
DIRECTORY = "TURNUP_MUTANTS"

COVERAGE = coverage.Coverage(
    data_file=None, config_file=False, source=[str(ROOT / each) for each in PACKAGES]
)
COSTS: dict[str, float] = {}

COVERAGE.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Write down what one test reaches, and its processor time."""
    begun = time.process_time()
    COVERAGE.switch_context(item.nodeid)
    result = yield
    COVERAGE.switch_context("")
    COSTS[item.nodeid] = time.process_time() - begun
    return result


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write all notes into a file."""
    COVERAGE.stop()
    data = COVERAGE.get_data()
    reached = {
        str(Path(path).relative_to(ROOT)): data.contexts_by_lineno(path)
        for path in data.measured_files()
    }
    if COSTS:
        notes = Path(os.environ[DIRECTORY], f"{os.getpid()}.json")
        notes.write_text(json.dumps({"costs": COSTS, "reached": reached}), encoding="utf-8")
