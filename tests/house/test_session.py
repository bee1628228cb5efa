"""A session of tests fails by what it skips and by threads that stay, and ends by itself all the same."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.sources import ROOT

LEAVES_A_THREAD = """
import threading
import tests.conftest
tests.conftest.FAREWELL = 0.1
def test_it():
    threading.Thread(target=threading.Event().wait, name="forgotten").start()
"""
SKIPS = """
import pytest
def test_it():
    pytest.skip("not today")
"""


def session(place: Path, test: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run one test as CI does."""
    file = place / "test_it.py"
    file.write_text(test, encoding="utf-8")
    ours = ("--config-file", str(ROOT / "pyproject.toml"), "-p", "tests.conftest")
    quick = ("-p", "no:schemathesis")
    return subprocess.run(
        (sys.executable, "-m", "pytest", *ours, *quick, *options, str(file)),
        env={**os.environ, "CI": "true", "PYTHONPATH": str(ROOT)},
        cwd=place,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_a_thread_that_stays_fails_its_test_and_does_not_keep_the_process(tmp_path: Path) -> None:
    ended = session(tmp_path, LEAVES_A_THREAD)
    assert ended.returncode == 1
    assert "'forgotten'" in ended.stdout
    assert "in wait" in ended.stderr


def test_a_skipped_test_fails_the_session_whoever_of_several_processes_had_it(
    tmp_path: Path,
) -> None:
    ended = session(tmp_path, SKIPS, "--numprocesses", "2")
    assert ended.returncode == 1
    assert "skipped tests fail in CI" in ended.stdout
