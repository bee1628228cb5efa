"""Fresh databases for worlds: a copied SQLite file, or one PostgreSQL database that is emptied."""

import shutil
from datetime import datetime
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from sqlalchemy import event, insert, text

from schema.store.database import POSTGRESQL_CONNECTS, Database
from schema.store.dialect import POSTGRESQL
from schema.store.moments import stored
from schema.tables import clock, metadata


def make_tables(url: str) -> None:
    """Create the tables in an empty database."""
    database = Database(url)
    with database.writing.begin() as connection:
        metadata.create_all(connection)
    database.close()


def copied(template: Path, directory: Path) -> str:
    """Return the URL of a fresh copy of an empty SQLite database."""
    number = len(list(directory.glob("world*.db"))) + 1
    path = directory / f"world{number}.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


def empty(url: str) -> None:
    """Take everything out of a PostgreSQL database, and begin to count from 1 again."""
    database = Database(url)
    with database.writing.begin() as connection:
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        for name in ("operation_keys", "service_keys", "ticket_keys"):
            connection.execute(text(f"ALTER SEQUENCE {name} RESTART"))
    database.close()


def stand_clock(database: Database, start: datetime) -> None:
    """Let business time stand at `start` in a database without a clock."""
    with database.writing.begin() as connection:
        values = {"id": 1, "movable": True, "installation": "world", "standing_at": stored(start)}
        connection.execute(insert(clock).values(values))


def ease(database: Database) -> None:
    """Let SQLite not wait for the disk (only processes crash), and PostgreSQL for a world that a busy machine stops."""
    if is_postgresql(database):
        for engine in (database.reading, database.writing):
            event.listen(engine, "do_connect", _wait_for_ever)
    else:
        event.listen(database.writing, "connect", _do_not_wait)


def _wait_for_ever(_dialect: Any, _record: Any, _given: Any, named: dict[str, Any]) -> None:
    """Leave alone who does nothing in his transaction for a while."""
    ours = POSTGRESQL_CONNECTS["options"]
    named["options"] = f"{ours} -c idle_in_transaction_session_timeout=0"


def _do_not_wait(connection: Connection, _record: object) -> None:
    """Set up a connection of SQLite."""
    connection.execute("PRAGMA synchronous=OFF")


def is_postgresql(database: Database) -> bool:
    """Whether it is the one of the two that many processes share."""
    return database.dialect == POSTGRESQL
