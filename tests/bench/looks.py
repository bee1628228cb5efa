"""What the measurement reads from the database, as cheaply as it can: with the driver alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy.engine import make_url

from schema.store.library import sqlite_module


class Looks:
    """A connection that only reads, each statement by itself."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"

    def __enter__(self) -> Self:
        if self.is_sqlite:
            path = Path(str(self._url.database)).as_uri()
            self._connection = sqlite_module().connect(f"{path}?mode=ro", uri=True, timeout=10)
        else:
            url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = psycopg.connect(url, autocommit=True)
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def is_anything_open(self) -> bool:
        """Return whether an operation has not ended."""
        return bool(self._one("SELECT EXISTS (SELECT 1 FROM due)"))

    def is_anything_unsent(self) -> bool:
        """Return whether a public event has not been confirmed by the broker."""
        return bool(self._one("SELECT EXISTS (SELECT 1 FROM outbox)"))

    def operations(self) -> int:
        """Return how many operations were accepted."""
        return int(self._one("SELECT count(*) FROM operation"))

    def last_end(self) -> float:
        """Return when the last operation ended, in seconds since 1970."""
        return float(self._one("SELECT max(ended_at) FROM operation")) / 1000

    def ended(self, operations: Iterable[int]) -> set[int]:
        """Return those of these operations that have ended."""
        named = ",".join(map(str, operations))
        query = f"SELECT id FROM operation WHERE id IN ({named}) AND ended_at IS NOT NULL"  # noqa: S608  numbers
        return {row[0] for row in self._all(query)}

    def workers(self) -> list[int]:
        """Return the keys of the workers that have a lease."""
        return [row[0] for row in self._all("SELECT id FROM worker WHERE role = 'worker'")]

    def owners(self) -> dict[int, int]:
        """Return who owns the operations that somebody works on."""
        found = self._all("SELECT id, owner FROM operation WHERE owner IS NOT NULL")
        return {row[0]: row[1] for row in found}

    def size(self) -> int:
        """Return how many bytes the database takes."""
        if self.is_sqlite:
            return int(self._one("PRAGMA page_count")) * int(self._one("PRAGMA page_size"))
        return int(self._one("SELECT pg_database_size(current_database())"))

    def version(self) -> str:
        """Return the version of the database's program."""
        return str(
            self._one("SELECT sqlite_version()" if self.is_sqlite else "SHOW server_version")
        )

    def _one(self, query: str) -> Any:
        """Return the one value of a query."""
        return self._all(query)[0][0]

    def _all(self, query: str) -> list[Any]:
        """Return the rows of a query."""
        return list(self._connection.execute(query).fetchall())
