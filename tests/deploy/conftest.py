"""What the tests of the command line share: a directory of their own, and no settings of ours."""

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, without TURNUP_* variables and without a terminal."""
    for name in [*os.environ]:
        if name.upper().startswith("TURNUP_") or name in {"FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
