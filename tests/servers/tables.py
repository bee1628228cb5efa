"""Where a registrar keeps what it knows, laid out as `deploy/kamailio` says: a file of SQLite, or PostgreSQL."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.house.sources import ROOT

HOME = ROOT / "deploy" / "kamailio"

#: Where Debian's package keeps the tables of Kamailio's own modules; those that are used, and ours.
OWN = Path("/usr/share/kamailio/db_sqlite")
SCRIPTS = (
    *(OWN / f"{name}-create.sql" for name in ("standard", "auth_db", "usrloc", "dialog")),
    HOME / "sqlite.sql",
)

#: Seconds that one writer waits for another.
PATIENCE = 10


class Tables(Protocol):
    """The tables of one registrar, as a test reads and changes them beside it."""

    @property
    def command(self) -> tuple[str, ...]:
        """What starts a registrar on them, before its other settings."""

    @property
    def environment(self) -> dict[str, str]:
        """What it is started with."""

    def ask(self, statement: str, *values: object) -> list[Any]:
        """Return the rows that a statement, with a `?` for each value, finds once it is committed."""

    def written(self, statement: str) -> contextlib.AbstractContextManager[None]:
        """Write into them while the block runs, when nobody else can, and do a statement at its end."""


class SqliteTables:
    """The tables in a file, laid out here."""

    def __init__(self, program: Path, path: Path) -> None:
        self._path = path
        self.command = (
            str(program),
            "-DD",
            "-E",
            "-w",
            ".",
            "-Y",
            ".",
            "-f",
            str(HOME / "kamailio.cfg"),
            "-A",
            f"DATABASE={path}",
        )
        self.environment = dict(os.environ)
        with self._connected() as database:
            for script in SCRIPTS:
                database.executescript(script.read_text(encoding="utf-8"))

    def ask(self, statement: str, *values: object) -> list[Any]:
        with self._connected() as database, database:
            return database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def written(self, statement: str) -> Iterator[None]:
        with self._connected() as database, database:
            database.execute("BEGIN IMMEDIATE")
            yield
            database.execute(statement)

    def _connected(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(self._path, timeout=PATIENCE))


class PostgresTables:
    """The tables in an empty database of its own, given by its URL, laid out as the registrar starts."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("postgresql+psycopg:", "postgres:")
        self.command = ("sh", str(HOME / "start.sh"))
        self.environment = {**os.environ, "POSTGRES": self._url}

    def ask(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self._url) as database:
            found = database.execute(statement.replace("?", "%s").encode(), values)
            return found.fetchall() if found.description else []

    @contextlib.contextmanager
    def written(self, statement: str) -> Iterator[None]:
        with psycopg.connect(self._url) as database:
            database.execute("LOCK TABLE subscriber, location IN EXCLUSIVE MODE")
            yield
            database.execute(statement.encode())
