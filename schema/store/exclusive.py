"""The lock by which one process has a PostgreSQL database to itself, for as long as it lives."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from schema.store.database import Database

#: Locks are numbered per database; this one is Turnup's.
TAKE = text("SELECT pg_try_advisory_lock(hashtext('turnup one process'))")


@contextmanager
def advisory_lock(database: Database) -> Iterator[bool]:
    """Hold the lock while the block runs, if it was free, and say whether it was.

    It ends with its connection: after a restart of the server another process may take it.
    """
    with database.look() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        is_taken = bool(connection.execute(TAKE).scalar())
        try:
            yield is_taken
        finally:
            # Back in the pool the connection would go on holding the lock.
            connection.invalidate()
