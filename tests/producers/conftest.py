"""The doors on a fresh database on which business time stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from producers.api_keys import KeyRing
from producers.calls import Calls
from producers.intake import Intake
from producers.secrets import Secrets
from producers.signals import Signals
from schema import tables
from schema.discovery import find_products
from schema.lifecycle import Product
from schema.sealing import Sealer, new_key, parse_keys
from schema.store.database import Database
from schema.store.dialect import POSTGRESQL, SQLITE
from schema.store.moments import stored
from schema.store.writer import Writer
from tests.producers.events import NOW, customer

SECRET = "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"

SEALER = Sealer(parse_keys(new_key()))

#: A shared machine may stand still for longer than a door would wait.
PATIENCE = timedelta(minutes=1)

#: Marks what has to hold on SQLite and on PostgreSQL.
both_kinds = pytest.mark.parametrize("database", [SQLITE, POSTGRESQL], indirect=True)


@dataclass
class Offers:
    """An offer that remembers what it was given."""

    made: list[tuple[str, list[int]]] = field(default_factory=list)

    def __call__(self, product: str, operations: Sequence[int]) -> None:
        """Remember it."""
        self.made.append((product, list(operations)))


@pytest.fixture(scope="session")
def products() -> Mapping[str, Product]:
    """All products."""
    return find_products()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A fresh database: SQLite, or what a test asks for by `both_kinds`."""
    url = f"sqlite:///{tmp_path / 'turnup.db'}"
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        url = request.getfixturevalue("postgres_server").create_database()
    database = Database(url)
    with database.writing.begin() as connection:
        tables.metadata.create_all(connection)
        times = {"id": 1, "movable": True, "installation": "doors", "standing_at": stored(NOW)}
        connection.execute(insert(tables.clock).values(times))
        numbers = [{"number": number} for number in range(tables.PARTITIONS)]
        connection.execute(insert(tables.partition), numbers)
    yield database
    database.close()


@pytest.fixture
def writer(database: Database, products: Mapping[str, Product]) -> Iterator[Writer]:
    """Its writer, at work."""
    writer = Writer(database, products)
    writer.start()
    yield writer
    writer.stop()


@pytest.fixture
def offers() -> Offers:
    """What was offered."""
    return Offers()


@pytest.fixture
def intake(writer: Writer, products: Mapping[str, Product], offers: Offers) -> Intake:
    """The intake, which knows the customer acme."""
    intake = Intake(writer, products, offers, SEALER, patience=PATIENCE)
    intake.accept([customer()])
    return intake


@pytest.fixture
def signals(writer: Writer, offers: Offers) -> Signals:
    """The door for signals of cloud_pbx."""
    return Signals(writer, {"cloud_pbx": SECRET}, offers)


@pytest.fixture
def secrets(database: Database, calls: Calls) -> Secrets:
    """The door for codes and reveals."""
    return Secrets(database, calls, SEALER)


@pytest.fixture
def keys(database: Database) -> KeyRing:
    """The API keys, read anew for every request."""
    return KeyRing(database, timedelta(0))


@pytest.fixture
def calls(writer: Writer, offers: Offers) -> Calls:
    """The door for calls on an operation."""
    return Calls(writer, offers)
