"""The simulator's own SQLite file: one connection, the only writer, committed before any answer.

Vendors keep passwords as they get them, so nobody else may read it.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workers.simulator.rows import Cause, Instance, Json, Kept

#: "TUsi": no other program's file is taken for ours.
APPLICATION_ID = 0x54557369
#: Raised when the tables change; a simulator's file is thrown away, never migrated.
TABLES_VERSION = 2

IN_MEMORY = Path(":memory:")

TABLES = """
CREATE TABLE clock (now TEXT);
CREATE TABLE call (
    product TEXT, service TEXT, action TEXT, number INTEGER NOT NULL,
    PRIMARY KEY (product, service, action)) WITHOUT ROWID;
CREATE TABLE effect (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, product TEXT NOT NULL,
    action TEXT NOT NULL, service TEXT NOT NULL, key TEXT);
CREATE TABLE kept (
    product TEXT, key TEXT, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (product, key)) WITHOUT ROWID;
CREATE TABLE instance (
    product TEXT, platform_id TEXT, service TEXT NOT NULL, reference TEXT NOT NULL,
    state TEXT NOT NULL, is_removed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (product, platform_id));
CREATE INDEX instance_service ON instance (product, service);
CREATE INDEX instance_reference ON instance (product, reference);
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due_at TEXT NOT NULL, change TEXT NOT NULL,
    arguments TEXT NOT NULL, product TEXT NOT NULL, platform_id TEXT, cause TEXT NOT NULL);
CREATE INDEX event_due ON event (due_at, seq);
CREATE INDEX event_instance ON event (product, platform_id);
CREATE TABLE notification (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, due_at TEXT NOT NULL, product TEXT NOT NULL,
    service TEXT NOT NULL, lane TEXT NOT NULL, body TEXT NOT NULL, held_for TEXT,
    tries INTEGER NOT NULL);
CREATE INDEX notification_due ON notification (due_at, seq);
CREATE TABLE rule (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, product TEXT NOT NULL, fault TEXT NOT NULL, action TEXT,
    service TEXT, value TEXT NOT NULL, count INTEGER, until TEXT);
CREATE TABLE person (
    service TEXT NOT NULL, who TEXT NOT NULL, does TEXT NOT NULL, at TEXT NOT NULL,
    after REAL NOT NULL, mails INTEGER, call TEXT, due_at TEXT, letter TEXT, done_at TEXT,
    said TEXT, seq INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE letter (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class WrongFileError(Exception):
    """The path names a file that this version of the simulator did not make."""


class FileInUseError(Exception):
    """Another simulator has the file open."""


class Store:
    """The file; what it is told inside `transaction()` stands or falls together."""

    def __init__(self, path: Path) -> None:
        if path != IN_MEMORY:
            with suppress(OSError):  # it is there already, or SQLite says what is wrong
                # What SQLite makes beside it has the same mode.
                path.touch(mode=0o600, exist_ok=False)
        try:
            self._sql = sqlite3.connect(path, timeout=1, isolation_level=None)
        except sqlite3.Error as error:
            raise WrongFileError(f"{path}: {error}") from error
        self._sql.row_factory = sqlite3.Row
        try:
            self._open(path)
        except BaseException:
            self._sql.close()
            raise

    def _open(self, path: Path) -> None:
        # Exclusive: one connection only, so SQLite's WAL-reset bug (two writers) cannot happen.
        self._sql.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._refuse_if_not_ours(path)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            if not self._pragma("application_id"):
                for statement in TABLES.split(";"):
                    self._sql.execute(statement)
                self._sql.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._sql.execute(f"PRAGMA user_version = {TABLES_VERSION}")

    def _refuse_if_not_ours(self, path: Path) -> None:
        try:
            found = (self._pragma("application_id"), self._pragma("user_version"))
            is_new = not self._sql.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                said = "another process plays the platforms on it"
                raise FileInUseError(f"{path}: {said}") from error
            raise WrongFileError(f"{path}: {error}") from error
        if found != ((0, 0) if is_new else (APPLICATION_ID, TABLES_VERSION)):
            raise WrongFileError(f"{path}: not made by this version of the simulator")

    def _pragma(self, name: str) -> int:
        return int(self._sql.execute(f"PRAGMA {name}").fetchone()[0])

    def run(self, statement: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """Run one statement and answer its rows."""
        return self._sql.execute(statement, values).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._sql.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything at the end, or nothing."""
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._sql.execute("COMMIT")
        except BaseException:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")
            raise

    # The clock

    def start_clock(self, start: str | None) -> str | None:
        """Set the clock of a new file, None for the host's; answer what the file has."""
        self._sql.execute(
            "INSERT INTO clock SELECT ? WHERE NOT EXISTS (SELECT 1 FROM clock)", (start,)
        )
        row = self._sql.execute("SELECT now FROM clock").fetchone()
        return str(row[0]) if row[0] is not None else None

    def standing_now(self) -> str:
        """Tell the time of a standing clock."""
        return str(self._sql.execute("SELECT now FROM clock").fetchone()[0])

    def set_clock(self, moment: str) -> None:
        """Move a standing clock; it never goes back."""
        self._sql.execute("UPDATE clock SET now = max(now, ?)", (moment,))

    # Calls and what they did

    def count_call(self, product: str, service: str, action: str) -> int:
        """Number the calls of an action for a service, from 1."""
        query = """INSERT INTO call VALUES (?, ?, ?, 1)
            ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number"""
        return int(self._sql.execute(query, (product, service, action)).fetchone()[0])

    def record_effect(self, at: str, cause: Cause, key: str | None) -> None:
        """Write down that something really happened."""
        query = "INSERT INTO effect (at, product, action, service, key) VALUES (?, ?, ?, ?, ?)"
        self._sql.execute(query, (at, cause.product, cause.action, cause.service, key))

    def effects(self, product: str | None, service: str | None, after: int) -> list[Json]:
        """Tell what really happened after a number, in order, at most 500 at once."""
        query = """SELECT seq, at, product, action, service, key FROM effect WHERE seq > ?
            AND product = coalesce(?, product) AND service = coalesce(?, service)
            ORDER BY seq LIMIT 500"""
        return [dict(row) for row in self._sql.execute(query, (after, product, service))]

    def keep_answer(self, product: str, key: str, kept: Kept) -> None:
        """Keep the newest answer for its key."""
        values = (product, key, kept.asked, kept.status, as_json(kept.body))
        self._sql.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?, ?)", values)

    def kept_answer(self, product: str, key: str) -> Kept | None:
        """Find the answer that a key was given before."""
        query = "SELECT asked, status, body FROM kept WHERE product = ? AND key = ?"
        row = self._sql.execute(query, (product, key)).fetchone()
        return Kept(row["asked"], row["status"], json.loads(row["body"])) if row else None

    # Instances

    def save_instance(self, product: str, instance: Instance) -> None:
        """Write an instance as it is now."""
        query = """INSERT INTO instance VALUES (?, ?, ?, ?, ?, 0)
            ON CONFLICT DO UPDATE SET state = excluded.state, is_removed = 0"""
        values = (product, instance.platform_id, instance.service, instance.reference)
        self._sql.execute(query, (*values, as_json(instance.state)))

    def remove_instance(self, product: str, platform_id: str) -> None:
        """Take an instance away; that it was there is remembered."""
        query = "UPDATE instance SET is_removed = 1 WHERE product = ? AND platform_id = ?"
        self._sql.execute(query, (product, platform_id))

    def instance(self, product: str, platform_id: str) -> Instance | None:
        """Find an instance by the vendor's name for it."""
        query = "SELECT * FROM instance WHERE product = ? AND platform_id = ? AND NOT is_removed"
        row = self._sql.execute(query, (product, platform_id)).fetchone()
        return _instance(row) if row else None

    def instances_of(self, product: str, reference: str) -> list[Instance]:
        """Find the instances that calls with this reference created."""
        query = """SELECT * FROM instance WHERE product = ? AND reference = ? AND NOT is_removed
            ORDER BY rowid"""
        return [_instance(row) for row in self._sql.execute(query, (product, reference))]

    def instances_under(self, product: str, prefix: str) -> list[Instance]:
        """Find the instances of services whose names begin so."""
        query = """SELECT * FROM instance WHERE product = ? AND service >= ? AND service < ?
            AND NOT is_removed ORDER BY rowid"""
        found = self._sql.execute(query, (product, prefix, f"{prefix}\x7f"))
        return [_instance(row) for row in found]

    def newest_instance(self, product: str, service: str) -> str | None:
        """Find the name of the newest instance of a service."""
        query = """SELECT platform_id FROM instance WHERE product = ? AND service = ?
            AND NOT is_removed ORDER BY rowid DESC LIMIT 1"""
        row = self._sql.execute(query, (product, service)).fetchone()
        return str(row[0]) if row else None

    def count_instances(self, product: str, service: str) -> int:
        """Count the instances that a service ever had, removed ones too."""
        query = "SELECT count(*) FROM instance WHERE product = ? AND service = ?"
        return int(self._sql.execute(query, (product, service)).fetchone()[0])


def as_json(value: object) -> str:
    """Write JSON that is the same for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _instance(row: sqlite3.Row) -> Instance:
    state = json.loads(row["state"])
    return Instance(row["platform_id"], row["service"], row["reference"], state)
