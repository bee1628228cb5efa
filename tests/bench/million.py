"""A million operations that wait, made by the database itself beside the Turnup that works on it."""

import time
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from schema.store.library import sqlite_module

MILLION = 1_000_000

#: Rows in one transaction, so that whoever works on the database gets in between.
PART = 50_000

DAYS = 9 * 86_400_000

NUMBERS = {
    True: "WITH RECURSIVE numbers (n) AS"
    " (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last})",
    False: "WITH numbers (n) AS (SELECT generate_series({first}, {last}))",
}

ROWS = (
    (
        "service (id, customer, reference, product, state, holder, number, created_at)",
        "n, 'customer-' || (n % 10), 'waiting-' || n, 'line', 'new', n, 1, {now}",
    ),
    (
        "command (id, source, event_id, content, actor, data)",
        "n, 'million', n, 'x', 'system', '{{\"name\":\"Front desk\"}}'",
    ),
    (
        (
            "operation (id, service_id, customer, product, verb, state, before, number, sequence,"
            " accepted_at, starts_at, jeopardy_at, deadline_at)"
        ),
        (
            "n, n, 'customer-' || (n % 10), 'line', 'activate', 'accepted', 'new', 1, 1,"
            " {now}, {later}, {later}, {later}"
        ),
    ),
    (
        "history (kind, owner, number, at, who, what, after, event, sequence)",
        "0, n, 1, {now}, 'system', 'accepted', 'accepted', 'accepted', 1",
    ),
    (
        "due (operation_id, product, customer, wake_at, decide_at)",
        "n, 'line', 'customer-' || (n % 10), {later}, {later}",
    ),
)


class Rows:
    """A connection that writes, each statement by itself."""

    def __init__(self, url: str) -> None:
        named = make_url(url)
        self.is_sqlite = named.get_backend_name() == "sqlite"
        self._connection: Any
        if self.is_sqlite:
            path = str(named.database)
            self._connection = sqlite_module().connect(path, isolation_level=None, timeout=60)
            self._connection.execute("PRAGMA wal_autocheckpoint=0")  # its owner moves the log
        else:
            plain = named.set(drivername="postgresql").render_as_string(hide_password=False)
            self._connection = psycopg.connect(plain, autocommit=True)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def run(self, statement: str) -> list[Any]:
        """Run a statement and return what it returns."""
        cursor = self._connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []

    def forget(self) -> None:
        """Let nothing wait any more, as if it had been cancelled."""
        now = int(time.time() * 1_000)
        self.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        ended = f"state = 'cancelled', ended_at = {now}"
        self.run(f"UPDATE operation SET {ended} WHERE ended_at IS NULL")  # noqa: S608  numbers
        self.run("DELETE FROM due")
        self.run("COMMIT")

    def fill(self) -> int:
        """Add a million operations that wait for days, and return the first one's key."""
        (last,) = self.run(
            "SELECT max(top) FROM (SELECT max(id) AS top FROM operation"
            " UNION ALL SELECT max(id) FROM service) AS tops"
        )[0]
        begins = (last or 0) + 1_000
        for first in range(begins, begins + MILLION, PART):
            self._add(first, first + PART - 1)
        if not self.is_sqlite:
            for name in ("operation", "service"):
                self.run(f"SELECT setval('{name}_keys', {begins + MILLION})")
            self.run("VACUUM ANALYZE")
        return begins

    def _add(self, first: int, last: int) -> None:
        """Add some of them."""
        now = int(time.time() * 1_000)
        numbers = NUMBERS[self.is_sqlite].format(first=first, last=last)
        self.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        for into, values in ROWS:
            chosen = values.format(now=now, later=now + DAYS)
            self.run(f"INSERT INTO {into} {numbers} SELECT {chosen} FROM numbers")  # noqa: S608  our own
        self.run("COMMIT")

    def fall_due(self, first: int, count: int, spread: float) -> None:
        """Let the deadlines of some operations pass within so many seconds, the first one in a second."""
        begins, between = int(time.time() * 1_000) + 1_000, int(spread * 1_000) // count
        these = f"BETWEEN {first} AND {first + count - 1}"
        deadline = f"{begins} + {{key}} % {count} * {between}"
        self.run("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
        at = deadline.format(key="id")
        self.run(f"UPDATE operation SET deadline_at = {at}, told = 1 WHERE id {these}")  # noqa: S608  numbers
        at = deadline.format(key="operation_id")
        self.run(f"UPDATE due SET decide_at = {at} + 1 WHERE operation_id {these}")  # noqa: S608  numbers
        self.run("COMMIT")

    def lateness(self, first: int, count: int) -> list[float]:
        """Return by how many seconds each deadline was decided late, the least first."""
        rows = self.run(
            "SELECT history.at - operation.deadline_at FROM history JOIN operation"  # noqa: S608  numbers
            " ON operation.id = history.owner WHERE history.kind = 0 AND history.what = 'overdue'"
            f" AND history.owner BETWEEN {first} AND {first + count - 1}"
        )
        return sorted(row[0] / 1_000 for row in rows)

    def wake(self, first: int, count: int) -> None:
        """Make operations due now."""
        these = f"BETWEEN {first} AND {first + count - 1}"
        self.run(f"UPDATE due SET wake_at = 0 WHERE operation_id {these}")  # noqa: S608  numbers
