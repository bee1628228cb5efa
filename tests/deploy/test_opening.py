"""How a database is opened, and what other programs may do with its file meanwhile."""

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy.logs import configure_logs
from deploy.opening import open_database, open_or_make_database
from deploy.settings import read_settings
from schema.store.database import Database
from schema.store.versions import version_of

#: Another program, as `sqlite3` is one: it reads all notes, and leaves.
LOOK = """
import sqlite3
connection = sqlite3.connect("turnup.db")
print(*(row[0] for row in connection.execute("SELECT note FROM notes")))
connection.close()
"""


@pytest.mark.parametrize("is_new", [True, False])
def test_another_program_that_looks_and_leaves_takes_no_log_away(*, is_new: bool) -> None:
    """SQLite removes the log when the last program leaves, and takes who has lost his locks for gone."""
    settings = read_settings()
    if not is_new:
        open_or_make_database(settings).close()
    with closing(open_or_make_database(settings)) as database:
        open_database(settings).close()  # another one in this process
        assert version_of(database)
        note(database, "before")
        log = Path("turnup.db-wal").stat().st_ino
        assert look() == ["before"]
        assert Path("turnup.db-wal").stat().st_ino == log
        note(database, "after")
        assert look() == ["before", "after"]


def test_a_new_database_is_told_with_its_whole_path(capsys: pytest.CaptureFixture[str]) -> None:
    """From another directory a relative path is another file."""
    configure_logs("json")
    open_or_make_database(read_settings()).close()
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["path"]) == ("database_made", str(Path("turnup.db").absolute()))
    open_or_make_database(read_settings()).close()
    assert capsys.readouterr().err == ""


def note(database: Database, text: str) -> None:
    """Commit something."""
    with database.writing.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS notes (note TEXT)")
        connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (text,))


def look() -> list[str]:
    """Return what another program finds."""
    told = subprocess.run([sys.executable, "-c", LOOK], check=True, capture_output=True, text=True)
    return told.stdout.split()
