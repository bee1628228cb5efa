"""With 1,000,000 operations that wait and as many that have ended, the daily work reads no more than it needs."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from schema.asker import Asker
from schema.customer import Customer
from schema.ids import public_id
from schema.store.acceptance import Accept
from schema.store.call_history import Call, KeepCalls
from schema.store.claimed import Claimed
from schema.store.claims import Claim
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.deadlines import MissDeadline
from schema.store.dialect import SQLITE
from schema.store.figures import figures, standings
from schema.store.histories import operation_history
from schema.store.journal import News, Recorded
from schema.store.leases import Boot, TakeOver
from schema.store.order import Accepted, Order
from schema.store.outbox import unsent
from schema.store.reads import (
    OperationFilter,
    ServiceFilter,
    Span,
    TicketFilter,
    find_operation,
    find_service,
    list_operations,
    list_services,
    list_tickets,
)
from schema.store.services import ServiceChange
from schema.store.signals import StoreSignal, has_matches
from schema.store.tickets import TicketNote, TicketText
from schema.store.transaction import Line
from schema.store.troubles import retrying
from schema.store.visiting import TakeVisits, visits_are_due
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
from tests.schema.store.full import IN_LINE, LATE, NOW, Plans, fill, plans
from tests.servers.postgres import PostgresServer

MILLION = 1_000_000

#: How many operations wait in each database, the last so few that PostgreSQL, without statistics, would join them all.
MANY = {"sqlite": MILLION, "postgresql": MILLION, "without statistics": 100_000, "small": 8_000}

#: The most work of one thing here: far less than what reading a table with so many rows takes.
MOST = {"sqlite": 1_000_000, "postgresql": 25_000}

PRODUCTS = {"sample": PRODUCT}


@pytest.fixture(scope="module", params=MANY)
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with many rows, most of which nobody has to look at for a long time."""
    url = f"sqlite:///{tmp_path_factory.mktemp('plans')}/full.db"
    if request.param != SQLITE:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.create_database()
    knows = request.param != "without statistics"
    database = fill(url, MANY[request.param], knows_statistics=knows)
    yield database
    database.close()
    if database.dialect == SQLITE:
        database.path.unlink()


@pytest.fixture
def writer(full: Database) -> Iterator[Writer]:
    """A writer that publishes."""
    writer = Writer(full, PRODUCTS, publishes=True)
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture
def first(full: Database) -> int:
    """The first operation that has not ended; it is due."""
    with full.look() as connection:
        return int(connection.execute(text("SELECT min(operation_id) FROM due")).scalar_one())


def check(full: Database, found: Plans) -> None:
    """Check that statements have read little, and would have read little of tables of any size."""
    assert found.lines
    assert found.whole() == []
    assert found.work <= MOST[full.dialect]


LOOKS: dict[str, Callable[[Connection], object]] = {
    "due_operations": lambda connection: due_operations(connection, 512),
    "customers_in_turn": lambda connection: customers_in_turn(connection, "sample", "", 64),
    "due_of_customers": lambda connection: due_of_customers(
        connection, "sample", ["customer-1", "customer-2"], 10
    ),
    "late_operations": lambda connection: late_operations(connection, 500),
    "quiet": quiet,
    "has_matches": has_matches,
    "retrying": retrying,
    "find_service": lambda connection: find_service(connection, PRODUCTS, "svc_1"),
    "find_service_by_name": lambda connection: find_service(
        connection, PRODUCTS, "customer-7/line-7"
    ),
    "unsent": lambda connection: unsent(connection, range(PARTITIONS), 1_000, [1, 2, 3]),
    "queues": standings,
    "visits_are_due": lambda connection: visits_are_due(connection, ["sample", "none"]),
}


#: A page begins where its index does and ends where it is full, which is no reading from end to end.
PAGES: dict[str, Callable[[Connection], object]] = {
    "first_page": lambda connection: list_operations(connection, OperationFilter()),
    "later_page": lambda connection: list_operations(
        connection, OperationFilter(), Span(after=4_000)
    ),
    "of_a_customer": lambda connection: list_operations(
        connection, OperationFilter(customer="customer-7")
    ),
    "of_a_customer_later": lambda connection: list_operations(
        connection, OperationFilter(customer="customer-7"), Span(after=4_000)
    ),
    "of_nobody": lambda connection: list_operations(connection, OperationFilter(customer="nobody")),
    "of_an_admin": lambda connection: list_operations(
        connection, OperationFilter(asker=Asker("a@x.example", "admin", "customer-7"))
    ),
    "of_a_service": lambda connection: list_operations(
        connection, OperationFilter(service="customer-7/line-7")
    ),
    "what_waits": lambda connection: list_operations(connection, OperationFilter(state="accepted")),
    "parked": lambda connection: list_operations(connection, OperationFilter(parked=True)),
    "overdue": lambda connection: list_operations(connection, OperationFilter(overdue=True)),
    "what_has_ended": lambda connection: list_operations(
        connection, OperationFilter(state="succeeded"), Span(after=4_000)
    ),
    "services": lambda connection: list_services(connection, PRODUCTS, ServiceFilter()),
    "services_of_a_customer": lambda connection: list_services(
        connection, PRODUCTS, ServiceFilter(customer="customer-7")
    ),
    "tickets": lambda connection: list_tickets(connection, TicketFilter()),
    "open_tickets": lambda connection: list_tickets(connection, TicketFilter(state="open")),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_costs_no_more_with_all_that_waits_and_has_ended(full: Database, name: str) -> None:
    with plans(full) as found, full.look() as connection:
        LOOKS[name](connection)
    check(full, found)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_a_list_costs_no_more_with_all_that_waits_and_has_ended(
    full: Database, name: str
) -> None:
    with plans(full) as found, full.look() as connection:
        PAGES[name](connection)
    assert found.lines
    assert found.work <= MOST[full.dialect]


def test_an_operation_is_shown_with_its_history_at_no_more_cost(full: Database, first: int) -> None:
    for key in (first - 1, first):
        with plans(full) as found, full.look() as connection:
            find_operation(connection, public_id("op", key))
            lines = operation_history(connection, public_id("op", key))
        assert len(lines) == (1 if key == first else 2)
        check(full, found)


def test_the_figures_count_nothing_that_waits(full: Database) -> None:
    with plans(full) as found, full.look() as connection:
        told = figures(connection)
    check(full, found)
    assert told.products["sample"].in_line.count == IN_LINE - IN_LINE // 10
    assert any("ticket_open" in line for line in found.lines)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM history WHERE who = 'nobody'",
        "SELECT count(*) FROM due WHERE product = 'sample'",
        "SELECT max(at) FROM history WHERE kind = 0 AND owner > 0 AND why IS NULL",
    ],
)
def test_work_that_grows_is_seen(full: Database, query: str) -> None:
    with plans(full) as found, full.look() as connection:
        connection.execute(text(query))
    with full.look() as connection:
        keys = connection.execute(
            text("SELECT min(operation_id), max(operation_id) FROM due")
        ).one()
    is_full = keys[1] - keys[0] >= MILLION // 2
    assert found.whole() or found.work > MOST[full.dialect] or not is_full


def test_deadlines_are_decided_at_no_more_cost(full: Database, writer: Writer) -> None:
    with plans(full) as found, full.look() as connection:
        late = late_operations(connection, 500)
    assert len(late) == LATE
    ticket = TicketText("support", "low", "late", "It is late.")
    with plans(full) as wrote:
        decide = [MissDeadline(each.operation, TicketNote("late", ticket)) for each in late]
        assert all(writer.submit(decide).result())
    check(full, found)
    check(full, wrote)


def test_claiming_and_recording_read_no_table_from_end_to_end(
    full: Database, writer: Writer, first: int
) -> None:
    owner = writer.store(Boot("worker", "host", {"sample": 256}, timedelta(hours=1)))
    with plans(full) as found:
        taken: list[Claimed] = writer.store(Claim(owner, tuple(range(first, first + 250))))
        assert len(taken) == 225
        begins = writer.submit([step(each, 1, keeps=True) for each in taken]).result()
        ends = writer.submit([step(each, 2, keeps=False) for each in taken]).result()
    assert all(isinstance(each, News) for each in (*begins, *ends))
    check(full, found)


def test_taking_over_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    writer.store(Boot("worker", "host", {"sample": 256}, timedelta(hours=-1)))
    with plans(full) as found:
        assert writer.store(TakeOver()).workers
    assert found.whole() == []


def test_accepting_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    writer.store(ChangeCustomer("acme", Customer(version=1, name="Acme")))
    with plans(full) as found:
        answers = writer.store(Accept(tuple(order(number) for number in range(100))))
    assert all(isinstance(each, Accepted) for each in answers)
    check(full, found)


def test_a_signal_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    with plans(full) as found:
        writer.store(StoreSignal("sample", "1", "done", NOW, platform_id="nobody's"))
    check(full, found)


def test_CO_14_taking_visits_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    with plans(full) as found:
        writer.store(TakeVisits(("sample", "none"), 32))
    check(full, found)


def test_ML_10_keeping_calls_reads_no_table_from_end_to_end(full: Database, writer: Writer) -> None:
    calls = tuple(
        Call(f"new-{number}", "sample", f"+39{number}", NOW, "incoming", 1, is_answered=True)
        for number in range(1_000)
    )
    with plans(full) as found:
        assert set(writer.store(KeepCalls(calls))) == {"unmatched"}
    check(full, found)


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
