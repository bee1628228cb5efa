"""`turnup submit --wait` does not wait for what will never come."""

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import app
from deploy.commands import waiting
from schema.store.library import sqlite_module
from tests.deploy.orders import activate, customer, write


def submit_and_wait() -> Result:
    arguments = ("submit", write(customer(), activate(1)), "--wait")
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _database() -> None:
    CliRunner().invoke(app, ("db", "upgrade"), catch_exceptions=False)


def test_waiting_ends_where_nobody_carries_anything_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    result = submit_and_wait()
    assert result.exit_code == 2
    assert "no worker has been alive for a while: start turnup serve" in result.stderr


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("moved away", "was replaced"),
        ("gone", "op_1 is not in the database any more: it ended and was purged, or"),
    ],
)
def test_waiting_ends_where_the_database_or_an_operation_is_there_no_longer(
    monkeypatch: pytest.MonkeyPatch, how: str, told: str
) -> None:
    def replace(_seconds: float) -> None:
        if how == "moved away":
            Path("turnup.db").rename("old.db")
            return
        with closing(sqlite_module().connect("turnup.db")) as connection:
            connection.execute("DELETE FROM operation")
            connection.commit()

    monkeypatch.setattr(waiting, "time", SimpleNamespace(sleep=replace, monotonic=lambda: 0.0))
    result = submit_and_wait()
    assert result.exit_code in {1, 2}
    assert told in result.stderr.splitlines()[-1]
