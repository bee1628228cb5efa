"""Opens the database: one engine that writes, one that only reads, and the habits that each kind needs."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import QueuePool, StaticPool

from schema.errors import Unreachable, WrongDatabase
from schema.store.dialect import POSTGRESQL, SQLITE
from schema.store.library import sqlite_module

#: How long a SQLite connection waits for another process's transaction, in seconds.
BUSY_TIMEOUT = 10

#: How connections to PostgreSQL are made. Every statement here finds its few rows by an index. The server, whose
#: statistics lag behind tables that grow and empty by the second, would rather read a table whole to find one row of it
#: (measured with 20,000 rows: 4 ms instead of 0.3); so it is told not to, nor to compile what is over in a millisecond.
PLANS = (
    "random_page_cost=1.1",
    "enable_seqscan=off",
    "enable_hashjoin=off",
    "enable_mergejoin=off",
    "jit=off",
)

#: SQLite, too, would rather make an index of a whole table for one statement than use one that is there.
SQLITE_PLANS = ("PRAGMA automatic_index=OFF",)

#: Who is frozen between two statements (a stopped process, a paused machine) keeps his rows locked, and with them the
#: deadlines of everybody: his transaction is undone, well before his lease lapses. Both ends notice a peer that is gone
#: without a word.
ENDS = (
    "idle_in_transaction_session_timeout=3s",
    "tcp_keepalives_idle=5",
    "tcp_keepalives_interval=2",
    "tcp_keepalives_count=3",
)
POSTGRESQL_CONNECTS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": " ".join(f"-c {setting}" for setting in PLANS + ENDS),
}


#: What SQLite says of a file that has something else in it.
NO_DATABASE = "file is not a database"

#: What changes with everything that is written, and with nothing else that could be read.
SNAPSHOT = {SQLITE: "PRAGMA data_version", POSTGRESQL: "SELECT pg_current_snapshot()::text"}


class Database:
    """A database by its URL; nothing is opened before the first use.

    `checkpoints` is for the one process that owns a SQLite database; others write without moving its log.
    """

    def __init__(self, url: str, *, checkpoints: bool = True) -> None:
        try:
            self.url = make_url(url)
        except (ArgumentError, ValueError):
            msg = "TURNUP_DATABASE_URL is no database URL; write sqlite:///turnup.db or postgresql://..."
            raise WrongDatabase(msg) from None
        self.dialect = self.url.get_backend_name()
        if self.dialect not in {SQLITE, POSTGRESQL}:
            msg = f"a database of kind {self.dialect} is not known; Turnup works on sqlite and postgresql"
            raise WrongDatabase(msg)
        if self.url.drivername == POSTGRESQL:
            self.url = self.url.set(drivername="postgresql+psycopg")
        self._checkpoints = checkpoints
        self._asked: Any = None
        self._connected = 0
        self._asking = Lock()

    def __str__(self) -> str:
        """Return the URL without its password."""
        written = self.url.set(drivername=self.dialect)  # the driver's name is nobody's business
        return written.render_as_string(hide_password=True)

    @property
    def place(self) -> str:
        """The URL, and the whole path where it is relative: from another directory that is another file."""
        is_clear = self.dialect != SQLITE or self.path.is_absolute()
        return str(self) if is_clear else f"{self} ({self.path.absolute()})"

    @property
    def path(self) -> Path:
        """The file of a SQLite database, which nobody opens but SQLite.

        Whoever closes it lets go of all locks that his process has on it. The next program that looks into the
        database and leaves then takes itself for the last one and removes the log under everybody's feet.
        """
        return Path(self.url.database or ":memory:")

    @cached_property
    def writing(self) -> Engine:
        """The engine of the writer: one connection."""
        if self.dialect == POSTGRESQL:
            return create_engine(
                self.url, pool_size=1, max_overflow=0, connect_args=POSTGRESQL_CONNECTS
            )
        engine = _sqlite_engine(str(self.path), StaticPool)
        checkpoint = "PRAGMA wal_autocheckpoint=" + ("1000" if self._checkpoints else "0")
        _on_sqlite(
            engine,
            "BEGIN IMMEDIATE",
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            checkpoint,
            *SQLITE_PLANS,
        )
        return engine

    @cached_property
    def reading(self) -> Engine:
        """The engine of everybody who only looks.

        On PostgreSQL each statement stands for itself, as it does inside a transaction there: the driver forgets after
        every rollback what it has prepared, so that the server would read and plan each statement anew.
        """
        if self.dialect == POSTGRESQL:
            return create_engine(
                self.url,
                pool_size=2,
                max_overflow=14,
                pool_pre_ping=True,
                isolation_level="AUTOCOMMIT",
                connect_args=POSTGRESQL_CONNECTS,
            )
        engine = _sqlite_engine(
            f"{self.path.absolute().as_uri()}?mode=ro", QueuePool, pool_size=4, max_overflow=60
        )
        _on_sqlite(engine, "BEGIN", "PRAGMA query_only=ON", *SQLITE_PLANS)
        return engine

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """Give a connection that only reads; raise `Unreachable` where the database does not answer."""
        try:
            with self.reading.connect() as connection:
                yield connection
        except (DBAPIError, NoConnectionFree) as error:
            if first_line(error) == NO_DATABASE:
                raise WrongDatabase(f"the file of {self} is not a SQLite database") from error
            msg = f"the database {self} does not answer: {first_line(error)}"
            raise Unreachable(msg) from error

    def snapshot(self) -> str:
        """Return what names all that can be read now: while that is the same, so is every answer.

        On PostgreSQL that changes with whatever is written on the server. Raises `Unreachable`.
        """
        with self._asking:
            try:
                self._asked = self._asked or self._detached()
                cursor = self._asked.cursor()
                try:
                    found = cursor.execute(SNAPSHOT[self.dialect]).fetchone()[0]
                    return f"{self._connected} {found}"  # SQLite counts for each connection anew
                finally:
                    cursor.close()
            except (DBAPIError, NoConnectionFree, self.reading.dialect.loaded_dbapi.Error) as error:
                self._let_go()
                msg = f"the database {self} does not answer: {first_line(error)}"
                raise Unreachable(msg) from error

    def _detached(self) -> Any:  # noqa: ANN401  a DBAPI connection has no type
        """Return a connection of its own that is in no transaction, as the driver knows it: the pool would reset it."""
        lent = self.reading.raw_connection()
        self._connected += 1
        asked: Any = lent.driver_connection
        lent.detach()
        return asked

    def _let_go(self) -> None:
        """Close the connection that asks for snapshots."""
        asked, self._asked = self._asked, None
        if asked is not None:
            with suppress(self.reading.dialect.loaded_dbapi.Error):
                asked.close()

    def close(self) -> None:
        """Let go of every connection; the last one of SQLite empties the log, so it is the writing one."""
        with self._asking:
            self._let_go()
        self.reading.dispose()
        self.writing.dispose()


def _sqlite_engine(name: str, pool: type, **pooled: int) -> Engine:
    """Return an engine on a SQLite file, or on a `file:` address."""
    module = sqlite_module()

    def connect() -> Any:  # noqa: ANN401  a DBAPI connection has no type
        return module.connect(
            name, timeout=BUSY_TIMEOUT, check_same_thread=False, uri=name.startswith("file:")
        )

    return create_engine("sqlite://", module=module, creator=connect, poolclass=pool, **pooled)


def _on_sqlite(engine: Engine, begin: str, *pragmas: str) -> None:
    """Make an engine begin its transactions itself (the driver's own way is racy) and set these pragmas."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:  # noqa: ANN401  a DBAPI connection has no type
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def first_line(error: BaseException) -> str:
    """Return what a driver says, without its advice and without the values that it was given."""
    told = getattr(error, "orig", None) or error
    return str(told).strip().split("\n", 1)[0]
