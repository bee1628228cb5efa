"""PostgreSQL for the programs that ask it: a connection for each thread, and which operations a query finds."""

import threading
from collections.abc import Collection
from typing import LiteralString

import psycopg

from tests.bench.peers.programs.driver import DATABASE

_of_thread = threading.local()


def connection() -> psycopg.Connection:
    """Return the connection of this thread, each statement of which is a transaction."""
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = psycopg.connect(DATABASE, autocommit=True)
    found: psycopg.Connection = _of_thread.connection
    return found


def found(query: LiteralString, keys: Collection[str]) -> set[str]:
    """Return the first column of what a query finds that takes a list of keys."""
    return {row[0] for row in connection().execute(query, [list(keys)])}
