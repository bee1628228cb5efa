"""The lock by which one process has a PostgreSQL database to itself, or several roles share it.

It lives as long as its connection, so it proves nothing about a process that was cut off: who owned what is decided by
leases alone.
"""

import select
from contextlib import suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from schema.errors import Unreachable
from schema.store.database import Database

#: Locks are numbered per database; this one is Turnup's.
NUMBER = "hashtext('turnup one process')"
ALONE = text(f"SELECT pg_try_advisory_lock({NUMBER})")
SHARED = text(f"SELECT pg_try_advisory_lock_shared({NUMBER})")
FREE = text("SELECT pg_advisory_unlock_all()")


class AdvisoryLock:
    """The lock on a database, of which a process holds all, or a share; not for several threads."""

    def __init__(self, database: Database, *, is_shared: bool) -> None:
        self._database = database
        self._statement = SHARED if is_shared else ALONE
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Return whether the lock is held now, on a connection that is kept; raise `Unreachable`."""
        self.release()
        try:
            self._connection = self._database.reading.connect()
            is_held = bool(self._connection.execute(self._statement).scalar())
        except (DBAPIError, NoConnectionFree) as error:
            self.release()
            raise Unreachable(f"the database {self._database} does not answer") from error
        if not is_held:
            self.release()
        return is_held

    def is_held(self) -> bool:
        """Return whether the connection still stands, and the lock with it; one that has ended has that to say."""
        if self._connection is None:
            return False
        try:
            if _has_something_to_say(self._connection):
                self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self.release()
        return self._connection is not None

    def release(self) -> None:
        """Let go of the lock."""
        if self._connection is not None:
            # The server would notice a moment later that we are gone, and whoever starts then would be refused.
            if not self._connection.invalidated:
                with suppress(DBAPIError):
                    self._connection.execute(FREE)
            # Back in the pool the connection would go on holding what it was not asked to let go of.
            self._connection.invalidate()
            self._connection.close()
        self._connection = None


def _has_something_to_say(connection: Connection) -> bool:
    """Return whether a connection has sent something, or has ended."""
    poll = select.poll()
    poll.register(connection.connection.driver_connection, select.POLLIN)  # type: ignore[arg-type]  # it has a descriptor
    return bool(poll.poll(0))
