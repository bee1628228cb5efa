"""Two people at once ask for what there is only once: the second waits for the first, and hears of it."""

from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import insert, text, update

from producers.intake import Intake
from schema.errors import Refusal
from schema.lifecycle import Product
from schema.store.clock import read_times
from schema.store.database import Database
from schema.store.dialect import POSTGRESQL
from schema.store.moments import stored
from schema.store.order import Accepted
from schema.store.retries import Retry
from schema.store.reveals import Reveal
from schema.store.transaction import Transaction
from schema.store.writer import Writer
from schema.tables import operation, secret
from tests.producers.events import NOW, activate
from tests.producers.relay.stage import wait_until

#: SQLite has one writer at a time anyway.
pytestmark = pytest.mark.parametrize("database", [POSTGRESQL], indirect=True)


@pytest.fixture
def beside(database: Database) -> Iterator[Database]:
    """The same database, as another process has it."""
    other = Database(database.url.render_as_string(hide_password=False), checkpoints=False)
    yield other
    other.close()


def asked_at_once(
    first: Reveal | Retry, second: Reveal | Retry, beside: Database, writer: Writer
) -> tuple[object, object]:
    """Return both answers, where the second is asked before the first is committed."""

    def waits() -> object:
        with beside.look() as looking:
            return looking.execute(text("SELECT 1 FROM pg_locks WHERE NOT granted")).first()

    with beside.writing.begin() as connection:
        products: Mapping[str, Product] = {}
        transaction = Transaction(connection, read_times(connection).business, products, False)  # noqa: FBT003  publishes nothing
        (answered,) = type(first).apply(transaction, [first])  # type: ignore[list-item]  # of its own kind
        transaction.flush()
        waiting = writer.submit([second])
        wait_until(waits)
    return answered, *waiting.result(timeout=30)


def test_CO_4_of_two_who_ask_for_a_secret_at_once_one_sees_it(
    intake: Intake, database: Database, beside: Database, writer: Writer
) -> None:
    intake.accept([activate("1")])
    values = {"service_id": 1, "operation_id": 1, "name": "pin", "sealed": "x", "state": "valid"}
    with database.writing.begin() as connection:
        connection.execute(insert(secret).values(id=1, made_at=stored(NOW), **values))
    shown, refused = asked_at_once(Reveal((1,), "anna"), Reveal((1,), "berta"), beside, writer)
    assert shown == {}
    assert isinstance(refused, Mapping)
    assert refused[1].facts["revealed_by"] == "anna"


def test_of_two_who_continue_an_operation_at_once_one_does(
    intake: Intake, database: Database, beside: Database, writer: Writer
) -> None:
    intake.accept([activate("1")])
    with database.writing.begin() as connection:
        connection.execute(update(operation).values(state="waiting", reason="parked"))
    done, refused = asked_at_once(Retry(1, "anna"), Retry(1, "berta"), beside, writer)
    assert isinstance(done, Accepted)
    assert isinstance(refused, Refusal)
    assert refused.reason == "not_parked"
