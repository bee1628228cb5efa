"""Where a registrar keeps what it knows, laid out as `deploy/kamailio` says: a file of SQLite, or PostgreSQL."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.house.sources import ROOT

HOME = ROOT / "deploy" / "kamailio"

#: Where Debian's packages keep the tables of Kamailio's own modules, and those that are used.
SHARED = Path("/usr/share/kamailio")
MODULES = ("standard", "auth_db", "usrloc")

#: Seconds that one writer waits for another.
PATIENCE = 10


class Tables(Protocol):
    """The tables of one registrar, as a test reads and changes them beside it."""

    @property
    def setting(self) -> str:
        """What tells Kamailio where they are."""

    def create(self) -> None:
        """Lay them out."""

    def ask(self, statement: str, *values: object) -> list[Any]:
        """Return the rows that a statement, with a `?` for each value, finds once it is committed."""

    def written(self) -> contextlib.AbstractContextManager[None]:
        """Write into them while the block runs; nobody else can."""


class SqliteTables:
    """The tables in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.setting = f"DATABASE={path}"

    def create(self) -> None:
        with self._connected() as database:
            database.executescript(script("db_sqlite", "sqlite.sql"))

    def ask(self, statement: str, *values: object) -> list[Any]:
        with self._connected() as database, database:
            return database.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        with self._connected() as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def _connected(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(self._path, timeout=PATIENCE))


class PostgresTables:
    """The tables in an empty database of its own, given by its URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.setting = f"POSTGRES={url.replace('postgresql://', 'postgres://')}"

    def create(self) -> None:
        with psycopg.connect(self._url) as database:
            database.execute(script("postgres", "postgres.sql").encode())

    def ask(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self._url) as database:
            found = database.execute(statement.replace("?", "%s").encode(), values)
            return found.fetchall() if found.description else []

    @contextlib.contextmanager
    def written(self) -> Iterator[None]:
        with psycopg.connect(self._url) as database:
            database.execute("LOCK TABLE subscriber, location IN EXCLUSIVE MODE")
            yield


def script(own: str, ours: str) -> str:
    """Return what lays out Kamailio's own tables, then ours."""
    files = (*(SHARED / own / f"{name}-create.sql" for name in MODULES), HOME / ours)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)
