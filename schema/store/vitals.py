"""How the database and those who work on it are, for people who look for a fault."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from schema.errors import Unreachable
from schema.store.clock import Times, business_now, read_times
from schema.store.database import Database, first_line
from schema.store.dialect import LEASE_NOW, SQLITE
from schema.store.moments import moment
from schema.store.waking import due_operations
from schema.tables import history, worker

#: How many small queries tell how quickly the database answers.
LOOKS = 5

#: So much is written to see whether there is room, in characters that no database makes shorter.
PROBED = 256 * 1024
_PROBE = {"kind": 0, "owner": 0, "number": 0, "at": 0, "who": "doctor", "what": "tried"}


@dataclass(frozen=True, slots=True)
class Living:
    """A process whose lease has not lapsed; `rooms` says how much of each product fits in."""

    id: int
    role: str
    host: str
    rooms: Mapping[str, int]
    booted_at: datetime


def server_version(connection: Connection) -> str:
    """Return the version of the database's own program."""
    function = (
        "sqlite_version()"
        if connection.dialect.name == SQLITE
        else "current_setting('server_version')"
    )
    return str(connection.execute(text(f"SELECT {function}")).scalar_one())


def latency(connection: Connection) -> timedelta:
    """Return how long the quickest of some small queries took."""
    taken = []
    for _ in range(LOOKS):
        begun = time.perf_counter()
        connection.execute(text("SELECT 1")).scalar_one()
        taken.append(time.perf_counter() - begun)
    return timedelta(seconds=min(taken))


def try_to_write(database: Database) -> None:
    """Write more than fits in memory, and take it back; raise `Unreachable` where that is refused.

    A small change that is taken back touches no disk on SQLite, and would find room on a full one.
    """
    try:
        with database.writing.connect() as connection:
            if database.dialect == SQLITE:
                connection.exec_driver_sql("PRAGMA cache_size=10")
            connection.execute(insert(history).values(**_PROBE, facts=token_hex(PROBED // 2)))
            connection.rollback()
    except DBAPIError as error:
        told = first_line(error)
        raise Unreachable(f"the database {database} can be read and not written: {told}") from error


def living_workers(connection: Connection) -> list[Living]:
    """Return whose lease has not lapsed, oldest first."""
    alive = worker.c.lease_until >= LEASE_NOW[connection.dialect.name]
    found = connection.execute(select(worker).where(alive).order_by(worker.c.id))
    return [
        Living(row.id, row.role, row.host, json.loads(row.rooms), moment(row.booted_at))
        for row in found
    ]


def living_roles(connection: Connection) -> set[str]:
    """Return the roles of those whose lease has not lapsed."""
    alive = worker.c.lease_until >= LEASE_NOW[connection.dialect.name]
    return set(connection.execute(select(worker.c.role).where(alive)).scalars())


def waits_longest(connection: Connection) -> tuple[int, timedelta] | None:
    """Return the operation that has been due longest without anybody taking it, and for how long it has."""
    for wakes in due_operations(connection, 1).values():
        for operation, since in wakes:
            return operation, business_now(connection) - moment(since)
    return None


def clock_times(connection: Connection) -> Times:
    """Return both times, and whether business time can be moved and stands."""
    return read_times(connection)
