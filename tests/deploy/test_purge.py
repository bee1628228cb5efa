"""`turnup purge`: what goes is in the archive first, and what it says."""

import errno
import gzip
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from schema.store.database import Database
from schema.store.writer import Writer
from tests.deploy.orders import event, write
from tests.deploy.test_cli import done, here, turnup, url

__all__ = ["here", "url"]

LONG_AGO = (datetime.now(UTC) - timedelta(days=500)).timestamp() * 1000


@pytest.fixture
def ended(url: str) -> Database:
    """A database with two operations that ended 500 days ago."""
    customer = event("c1", "customer.changed", "acme", version=1, name="Acme")
    activate = [
        event(f"{n}", "cloud_pbx.activate", f"acme/{n}", name="Home", extensions=1) for n in (1, 2)
    ]
    done("submit", write(customer, *activate))
    database = Database(url)
    with database.writing.begin() as connection:
        ended = f"state = 'succeeded', ended_at = {LONG_AGO:.0f}, accepted_at = {LONG_AGO:.0f}"
        connection.execute(text(f"UPDATE operation SET {ended}"))  # noqa: S608  a number
        connection.execute(text("DELETE FROM due"))
    database.close()
    return database


def kept(database: Database) -> list[int]:
    """Return the operations that are there."""
    with database.look() as connection:
        found = list(connection.execute(text("SELECT id FROM operation ORDER BY id")).scalars())
    database.close()
    return found


def test_a_dry_run_says_how_many_would_go(ended: Database) -> None:
    assert done("purge", "--before", "400d", "--dry-run").startswith("2 operations that ended")
    assert json.loads(done("purge", "--before", "400d", "--dry-run", "--json"))["would_go"] == 2
    assert kept(ended) == [1, 2]


@pytest.mark.parametrize("name", ["old.jsonl", "old.jsonl.gz"])
def test_what_goes_is_in_the_archive_with_its_history(ended: Database, name: str) -> None:
    told = json.loads(done("purge", "--before", "400d", "--to", name, "--json"))
    assert (told["gone"], told["archive"], kept(ended)) == (2, name, [])
    assert Path(name).stat().st_mode & 0o777 == 0o600
    written = Path(name).read_bytes()
    lines = (gzip.decompress(written) if name.endswith("gz") else written).splitlines()
    first = json.loads(lines[0])
    assert (first["operation"]["id"], first["event_id"]) == ("op_1", "1")
    assert first["history"][0]["what"] == "accepted"
    assert first["data"]["name"] == "Home"
    assert turnup("show", "op_1").exit_code == 1


def test_what_is_not_durable_in_the_archive_is_not_deleted(
    ended: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    refused = turnup("purge", "--before", "400d", "--to", "old.jsonl")
    assert refused.exit_code == 1
    assert refused.stderr == "turnup: old.jsonl cannot be written: No space left on device\n"
    assert kept(ended) == [1, 2]


def test_a_crash_in_between_repeats_lines_and_loses_none(
    ended: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "submit", lambda *_given: (_ for _ in ()).throw(KeyboardInterrupt))
        turnup("purge", "--before", "400d", "--to", "first.jsonl")
    assert kept(ended) == [1, 2]
    done("purge", "--before", "400d", "--to", "second.jsonl")
    assert Path("first.jsonl").read_bytes() == Path("second.jsonl").read_bytes()


@pytest.mark.usefixtures("ended")
def test_an_archive_is_never_written_over() -> None:
    Path("old.jsonl").write_text("kept\n")
    refused = turnup("purge", "--before", "400d", "--to", "old.jsonl")
    assert refused.exit_code == 2
    assert Path("old.jsonl").read_text() == "kept\n"


@pytest.mark.usefixtures("ended")
def test_a_time_so_near_that_keys_would_be_forgotten_is_refused() -> None:
    refused = turnup("purge", "--before", "30d")
    assert refused.exit_code == 1
    assert "operations stay for 90d" in refused.stderr
    assert turnup("purge", "--before", "soon").exit_code == 1


@pytest.mark.usefixtures("ended")
def test_where_nothing_goes_there_is_no_archive() -> None:
    assert done("purge", "--before", "600d", "--to", "old.jsonl").startswith("0 operations")
    assert not Path("old.jsonl").exists()
