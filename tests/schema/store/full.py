"""A full database, filled by the database itself, and what its statements say that they do there."""

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, UniqueConstraint, event, text

from schema.store.database import Database
from schema.store.dialect import POSTGRESQL, SQLITE
from schema.store.library import sqlite_module
from schema.store.moments import stored
from schema.tables import FAR, metadata
from tests.world.databases import make_tables, stand_clock

NOW = datetime(2026, 5, 29, 10, tzinfo=UTC)
LATER = stored(NOW + timedelta(days=9))

CUSTOMERS = 500

#: Of what waits: how many are due, are late, and stand in line; every tenth is due of a product that is paused.
DUE, LATE, IN_LINE = 300, 100, 50

#: How each database says that it reads a table, and with `Index Cond` below that it reads only a part of it.
BIG = "(due|operation|history|command|service|call|holding)"
SCAN = re.compile(rf"(?:Seq Scan|Index .*Scan.*) on {BIG}\b")
WHOLE = re.compile(rf"SCAN {BIG}\b")

#: How PostgreSQL says how many rows a part of a plan gave, how often, and how many it threw away.
GAVE = re.compile(r"actual .*rows=([\d.]+) loops=(\d+)")
REMOVED = re.compile(r"Rows Removed by \w+(?: \w+)*: (\d+)")

#: SQLite tells of its work in steps of this many instructions; one row of a table takes some ten.
STEPS = 1_000

#: Those up to `many` have ended, the others wait.
FILL = (
    (
        "INSERT INTO customer (name, version, data, changed_at) SELECT 'customer-' || (n % 500), 1,"
        ' \'{"version": 1, "name":"x"}\', 0 FROM numbers WHERE n <= 500'
    ),
    (
        "INSERT INTO service (id, customer, reference, product, state, holder, number, created_at, visit_at) "
        "SELECT n, :customer, 'line-' || n, :product, 'new', n + :many, 1, 0,"
        " CASE WHEN n <= 100 THEN 1 ELSE :later + n END FROM numbers"
    ),
    (
        "INSERT INTO command (id, source, event_id, content, actor, data) "
        "SELECT n, 'crm', 'order-' || n, 'x', 'system', '{\"name\":\"x\"}' FROM twice"
    ),
    (
        "INSERT INTO operation (id, service_id, customer, product, verb, state, before, number,"
        " sequence, accepted_at, starts_at, jeopardy_at, deadline_at, ended_at, in_line) "
        "SELECT n, CASE WHEN n > :many THEN n - :many ELSE n END, :customer, :product, 'open',"
        " CASE WHEN n > :many THEN 'accepted' ELSE 'succeeded' END, 'new',"
        " 1, 1, 0, 0, 0, CASE WHEN n > :many AND n <= :many + :late THEN 1 ELSE :later END,"
        " CASE WHEN n > :many THEN NULL ELSE 1 END, n > 2 * :many - :in_line FROM twice"
    ),
    (
        "INSERT INTO history (kind, owner, number, at, who, what, event, sequence) "
        "SELECT 0, n, 1, 0, 'system', 'accepted', 'accepted', 1 FROM twice"
    ),
    (
        "INSERT INTO history (kind, owner, number, at, who, what, before, after, facts) "
        "SELECT 0, n, 2, 1, 'worker', 'succeeded', 'running', 'succeeded', '{}' FROM numbers"
    ),
    (
        "INSERT INTO due (operation_id, product, customer, wake_at, decide_at) "
        "SELECT n + :many, :product, :customer,"
        " CASE WHEN n > :many - :in_line THEN :far WHEN n <= :due OR n % 10 = 0 THEN 0"
        " ELSE :later END, CASE WHEN n <= :late THEN 0 ELSE :later END FROM numbers"
    ),
    (
        "INSERT INTO ticket (id, operation_id, desk, severity, state, title, body, opened_at) "
        "SELECT n, n, 'support', 'low', 'resolved', '', '', 0 FROM numbers WHERE n <= 100000"
    ),
    (
        "INSERT INTO holding (e164, service_id, held_from, held_until)"
        " SELECT '+39' || (n % 5000), n, n, n + 1 FROM numbers WHERE n <= 100000"
    ),
    (
        "INSERT INTO call (record, service_id, began_at, direction, seconds, is_answered)"
        " SELECT 'call-' || n, n % 5000, n, 'incoming', 1, true FROM numbers WHERE n <= 100000"
    ),
    (
        "INSERT INTO outbox (partition, kind, owner, number)"
        " SELECT n % 16, 0, n, 1 FROM numbers WHERE n <= 10000"
    ),
    "INSERT INTO paused (product, since, by) SELECT 'paused', 0, 'me' FROM numbers WHERE n = 1",
    (
        "INSERT INTO tally (day, product, verb, what, how, share, count)"
        " SELECT 0, 'sample', 'open', 'accepted', '', 0, :many FROM numbers WHERE n = 1"
    ),
)

NUMBERS = {
    SQLITE: "WITH RECURSIVE {name} (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM {name} WHERE n < {most}) ",
    POSTGRESQL: "WITH {name} (n) AS (SELECT generate_series(1, {most})) ",
}


def fill(url: str, many: int, *, knows_statistics: bool = True) -> Database:
    """Return a new database in which so many operations wait, most of them for long, and as many have ended."""
    make_tables(url)
    database = Database(url)
    stand_clock(database, NOW)
    if database.dialect == SQLITE:
        _fill_sqlite(database, many)
        return database
    with database.writing.begin() as connection, _without_indexes(connection):
        for table in metadata.sorted_tables:
            connection.execute(text(f'ALTER TABLE "{table.name}" SET UNLOGGED'))
        for statement in _statements(database.dialect, many):
            connection.execute(text(statement))
        for kind, last in (("operation", 2 * many), ("service", many), ("ticket", many)):
            connection.execute(text(f"SELECT setval('{kind}_keys', {last})"))
    if knows_statistics:
        with database.writing.begin() as connection:
            connection.execute(text("ANALYZE"))
    return database


@contextmanager
def _without_indexes(connection: Connection) -> Iterator[None]:
    """Make indexes at once when all rows are there, which takes half of the time."""
    tables = metadata.sorted_tables
    indexes = [each for table in tables for each in table.indexes]
    unique = [
        each for table in tables for each in table.constraints if isinstance(each, UniqueConstraint)
    ]
    connection.execute(text("SET LOCAL maintenance_work_mem = '256MB'"))
    for index in indexes:
        index.drop(connection)
    for constraint in unique:
        connection.execute(
            text(f"ALTER TABLE {constraint.table} DROP CONSTRAINT {constraint.name}")
        )
    yield
    for index in indexes:
        index.create(connection)
    for constraint in unique:
        named = f"{constraint.name} UNIQUE ({', '.join(constraint.columns.keys())})"
        connection.execute(text(f"ALTER TABLE {constraint.table} ADD CONSTRAINT {named}"))


def _fill_sqlite(database: Database, many: int) -> None:
    """Fill a file without a log."""
    database.close()
    connection = sqlite_module().connect(str(database.path), isolation_level=None)
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-200000"):
        connection.execute(f"PRAGMA {pragma}")
    named = "SELECT sql, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    indexes = connection.execute(named).fetchall()
    connection.execute("BEGIN")
    for _, name in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    for statement in (*_statements(SQLITE, many), *(made for made, _ in indexes)):
        connection.execute(statement)
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _statements(dialect: str, many: int) -> Iterator[str]:
    """Yield what fills the tables."""
    given: dict[str, object]
    given = {"many": many, "due": DUE, "late": LATE, "in_line": IN_LINE, "later": LATER, "far": FAR}
    given |= {
        "customer": f"'customer-' || (n % {CUSTOMERS})",
        "product": "CASE WHEN n % 10 = 0 THEN 'paused' ELSE 'sample' END",
    }
    for statement in FILL:
        into, rows = statement.split("SELECT", 1)
        name = "twice" if rows.endswith("twice") else "numbers"
        numbers = NUMBERS[dialect].format(name=name, most=2 * many if name == "twice" else many)
        whole = f"{into} {numbers} SELECT {rows}"
        yield re.sub(r":(\w+)", lambda named: str(given[named[1]]), whole)


@dataclass
class Plans:
    """What was said of statements before they ran, and what they did."""

    lines: list[str] = field(default_factory=list)
    #: On PostgreSQL the most rows that a part of a reading statement went through, on SQLite instructions.
    work: int = 0

    def whole(self) -> list[str]:
        """Return the lines that say that a table is read from end to end."""
        return whole(self.lines)


@contextmanager
def plans(full: Database) -> Iterator[Plans]:
    """Give the plans of all statements that run in the block, as the database tells them, and their work."""
    found, engines = Plans(), (full.reading, full.writing)

    def tell(connection: Connection, *given: Any) -> None:
        _, statement, parameters, _, is_many = given
        if is_many or not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            return
        explain = "EXPLAIN QUERY PLAN"
        if full.dialect == POSTGRESQL:
            is_reading = connection.engine is full.reading
            explain = "EXPLAIN (ANALYZE, TIMING off)" if is_reading else "EXPLAIN"
        else:
            _count(connection, found)
        cursor = connection.connection.cursor()
        cursor.execute(f"{explain} {statement}", parameters)
        said = [str(row[-1]) for row in cursor.fetchall()]
        found.lines += said
        found.work = max(found.work, _rows(said))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", tell)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", tell)


def _count(connection: Connection, found: Plans) -> None:
    """Let SQLite count its work."""

    def step() -> int:
        found.work += STEPS
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(step, STEPS)


def _rows(said: Sequence[str]) -> int:
    """Return the most rows that a part of a plan of PostgreSQL gave or threw away."""
    most, loops = 0.0, 1
    for line in said:
        if gave := GAVE.search(line):
            loops = int(gave[2])
            most = max(most, float(gave[1]) * loops)
        if removed := REMOVED.search(line):
            most = max(most, int(removed[1]) * loops)
    return int(most)


def whole(plan: Sequence[str]) -> list[str]:
    """Return the lines of plans that say that a table is read from end to end."""
    found = [line for line in plan if WHOLE.search(line)]
    for at, line in enumerate(plan):
        below = itertools.takewhile(lambda each: not each.lstrip().startswith("->"), plan[at + 1 :])
        if SCAN.search(line) and not any("Index Cond" in each for each in below):
            found.append(line)
    return found
