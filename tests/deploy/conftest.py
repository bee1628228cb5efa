"""What the tests of the command line share: a directory and a port of their own, and no settings of ours."""

import os
from pathlib import Path

import pytest

from tests.servers.process import free_port


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, without a terminal, and far from what plays platforms on this machine."""
    for name in [*os.environ]:
        if name.upper().startswith("TURNUP_") or name in {"FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("TURNUP_SIMULATOR_LISTEN", f"127.0.0.1:{free_port()}")
    monkeypatch.chdir(tmp_path)
