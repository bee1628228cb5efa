"""With 100,000 rows in every large table, no statement of the daily work reads one from end to end."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from schema.customer import Customer
from schema.store.acceptance import Accept
from schema.store.call_history import Call, KeepCalls
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.dialect import POSTGRESQL, SQLITE
from schema.store.figures import figures
from schema.store.journal import News, Recorded
from schema.store.leases import Boot
from schema.store.moments import stored
from schema.store.order import Accepted, Order
from schema.store.outbox import unsent
from schema.store.reads import find_service
from schema.store.services import ServiceChange
from schema.store.signals import has_matches
from schema.store.transaction import Line
from schema.store.waking import (
    customers_in_turn,
    due_of_customers,
    due_operations,
    late_operations,
    quiet,
)
from schema.store.writer import Writer
from schema.tables import PARTITIONS
from tests.products.sample.promised import PRODUCT
from tests.servers.postgres import PostgresServer
from tests.world.databases import make_tables, stand_clock

MANY, DUE = 100_000, 300

#: As many as PostgreSQL takes for so few, without statistics, that it would rather join them all.
FEW = 8_000

NOW = datetime(2026, 5, 29, 10, tzinfo=UTC)

#: How each database says that it reads a table, and with `Index Cond` below that it reads only a part of it.
SCAN = re.compile(
    r"(?:Seq Scan|Index .*Scan.*) on (due|operation|history|command|service|call|holding)\b"
)
WHOLE = re.compile(r"SCAN (due|operation|history|command|service|call|holding)\b")

#: Reading all due rows, of which an operation that has ended has none.
IS_OPEN = re.compile(r"(?:SCAN|Scan using due_\w+ on) due\b")

FILL = (
    (
        "INSERT INTO customer (name, version, data, changed_at) SELECT 'customer-' || (n % 500), 1,"
        ' \'{"version": 1, "name":"x"}\', 0 FROM numbers WHERE n <= 500'
    ),
    (
        "INSERT INTO service (id, customer, reference, product, state, holder, number, created_at) "
        "SELECT n, 'customer-' || (n % 500), 'line-' || n, 'sample', 'new', n, 1, 0 FROM numbers"
    ),
    (
        "INSERT INTO command (id, source, event_id, content, actor, data) "
        "SELECT n, 'crm', 'order-' || n, 'x', 'system', '{\"name\":\"x\"}' FROM numbers"
    ),
    (
        "INSERT INTO operation (id, service_id, product, verb, state, before, number, sequence,"
        " accepted_at, starts_at, jeopardy_at, deadline_at) "
        "SELECT n, n, 'sample', 'open', 'accepted', 'new', 1, 1, 0, 0, :later, :later FROM numbers"
    ),
    (
        "INSERT INTO history (kind, owner, number, at, who, what, event, sequence) "
        "SELECT 0, n, 1, 0, 'system', 'accepted', 'accepted', 1 FROM numbers"
    ),
    (
        "INSERT INTO due (operation_id, product, customer, wake_at, decide_at) "
        "SELECT n, 'sample', 'customer-' || (n % 500),"
        " CASE WHEN n <= :due THEN 0 ELSE :later END, :later FROM numbers"
    ),
    (
        "INSERT INTO ticket (id, operation_id, desk, severity, state, title, body, opened_at) "
        "SELECT n, n, 'support', 'low', 'resolved', '', '', 0 FROM numbers"
    ),
    (
        "INSERT INTO holding (e164, service_id, held_from, held_until)"
        " SELECT '+39' || (n % 5000), n, n, n + 1 FROM numbers"
    ),
    (
        "INSERT INTO call (record, service_id, began_at, direction, seconds, is_answered)"
        " SELECT 'call-' || n, n % 5000, n, 'incoming', 1, true FROM numbers"
    ),
    "INSERT INTO outbox (partition, kind, owner, number) SELECT n % 16, 0, n, 1 FROM numbers",
)

NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many) ",
    "postgresql": "WITH numbers (n) AS (SELECT generate_series(1, :many)) ",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "without statistics", "small"])
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with many rows, most of which nobody has to look at for a long time."""
    url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/full.db"
    if request.param != SQLITE:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database()
    make_tables(url)
    database = Database(url)
    stand_clock(database, NOW)
    many = FEW if request.param == "small" else MANY
    given = {"many": many, "due": DUE, "later": stored(NOW + timedelta(days=9))}
    with database.writing.begin() as connection:
        for statement in FILL:
            into, rows = statement.split("SELECT", 1)
            query = f"{into} {NUMBERS[database.dialect]} SELECT {rows}"
            named = {name: value for name, value in given.items() if f":{name}" in query}
            connection.execute(text(query), named)
        if request.param == POSTGRESQL:
            connection.execute(text("ANALYZE"))
        if request.param != SQLITE:
            for kind in ("operation", "service"):
                connection.execute(text(f"SELECT setval('{kind}_keys', {many})"))
    yield database
    database.close()


@pytest.fixture
def writer(full: Database) -> Iterator[Writer]:
    """A writer that publishes."""
    writer = Writer(full, {"sample": PRODUCT}, publishes=True)
    writer.start()
    yield writer
    writer.stop()


@contextmanager
def plans(full: Database) -> Iterator[list[str]]:
    """Give the plans of all statements that run in the block, as the database tells them."""
    explain = "EXPLAIN" if full.dialect == POSTGRESQL else "EXPLAIN QUERY PLAN"
    found: list[str] = []

    def tell(connection: Connection, *given: Any) -> None:
        _, statement, parameters, _, is_many = given
        if not is_many and statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
            cursor = connection.connection.cursor()
            cursor.execute(f"{explain} {statement}", parameters)
            found.extend(str(row[-1]) for row in cursor.fetchall())

    engines = (full.reading, full.writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", tell)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", tell)


def whole(plan: Sequence[str]) -> list[str]:
    """Return the lines of plans that say that a table is read from end to end."""
    found = [line for line in plan if WHOLE.search(line)]
    for at, line in enumerate(plan):
        below = itertools.takewhile(lambda each: not each.lstrip().startswith("->"), plan[at + 1 :])
        if SCAN.search(line) and not any("Index Cond" in each for each in below):
            found.append(line)
    return found


LOOKS: dict[str, Callable[[Connection], object]] = {
    "due_operations": lambda connection: due_operations(connection, 512),
    "customers_in_turn": lambda connection: customers_in_turn(connection, "sample", "", 64),
    "due_of_customers": lambda connection: due_of_customers(
        connection, "sample", ["customer-1", "customer-2"], 10
    ),
    "late_operations": lambda connection: late_operations(connection, 500),
    "quiet": quiet,
    "has_matches": has_matches,
    "find_service": lambda connection: find_service(connection, {}, "svc_1"),
    "unsent": lambda connection: unsent(connection, range(PARTITIONS), 1_000, [1, 2, 3]),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_reads_no_table_from_end_to_end(full: Database, name: str) -> None:
    with plans(full) as found, full.look() as connection:
        LOOKS[name](connection)
    assert found
    assert whole(found) == []


def test_the_figures_read_whole_only_what_is_open(full: Database) -> None:
    with plans(full) as found, full.look() as connection:
        figures(connection)
    assert [line for line in whole(found) if not IS_OPEN.search(line)] == []
    assert any("ticket_open" in line for line in found)
    assert [
        line for line in found if re.search("Seq Scan on ticket|ticket_(once|pkey)", line)
    ] == []


def test_reading_a_table_from_end_to_end_is_seen(full: Database) -> None:
    with plans(full) as found, full.look() as connection:
        connection.execute(text("SELECT count(*) FROM history WHERE who = 'nobody'"))
    assert whole(found) != []


def test_claiming_and_recording_read_no_table_from_end_to_end(
    full: Database, writer: Writer
) -> None:
    owner = writer.store(Boot("worker", "host", {"sample": 256}, timedelta(hours=1)))
    with plans(full) as found:
        taken: list[Claimed] = writer.store(Claim(owner, tuple(range(1, 251))))
        assert len(taken) == 250
        begins = writer.submit([step(each, 1, keeps=True) for each in taken]).result()
        ends = writer.submit([step(each, 2, keeps=False) for each in taken]).result()
    assert all(isinstance(each, News) for each in (*begins, *ends))
    assert whole(found) == []


def test_accepting_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    writer.store(ChangeCustomer("acme", Customer(version=1, name="Acme")))
    with plans(full) as found:
        answers = writer.store(Accept(tuple(order(number) for number in range(100))))
    assert all(isinstance(each, Accepted) for each in answers)
    assert whole(found) == []


def test_ML_10_keeping_calls_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    calls = tuple(
        Call(f"new-{number}", "sample", f"+39{number}", NOW, "incoming", 1, is_answered=True)
        for number in range(1_000)
    )
    with plans(full) as found:
        assert set(writer.store(KeepCalls(calls))) == {"unmatched"}
    assert found
    assert whole(found) == []


def step(claimed: Claimed, turn: int, *, keeps: bool) -> Recorded:
    """Return the record of a step after which the operation goes on, or has ended."""
    return Recorded(
        operation=claimed.id,
        owner=claimed.owner,
        epoch=claimed.epoch,
        turn=claimed.turn + turn,
        state="running" if keeps else "succeeded",
        step="one" if keeps else None,
        lines=(Line("step_done", "worker", facts="{}"),),
        keeps=keeps,
        ends=not keeps,
        service=None if keeps else ServiceChange(claimed.service_id, claimed.id, releases=True),
    )


def order(number: int) -> Order:
    """Return the order for a new line."""
    named = ("sample", "open", "acme", f"new-{number}", "crm", f"new-{number}")
    return Order(*named, "x", "system", '{"name":"x"}')
