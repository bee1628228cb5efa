"""Which SQLite is installed, and what it can."""

import sqlite3
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

#: Libraries up to this one can corrupt a database when two processes write (PITFALLS 3.10).
WAL_RESET_BUG = (3, 51, 2)

#: From this one on what stands in an array is handed over as it was parsed, and not to be parsed again.
KEEPS_PARSED = (3, 51)


@cache
def sqlite_module() -> Any:  # noqa: ANN401  a DBAPI module has no type
    """Return the newest SQLite that is installed: `pysqlite3` where it has a wheel, else the standard library's."""
    module = import_module("pysqlite3.dbapi2") if find_spec("pysqlite3") else sqlite3
    # Otherwise the driver asks each None of each row anew whether it can become something else: half the time of a row.
    module.register_adapter(type(None), _as_it_is)
    return module


def is_safe_beside_others() -> bool:
    """Return whether this SQLite may write to a database that another process writes to as well."""
    return tuple(sqlite_module().sqlite_version_info) > WAL_RESET_BUG


def keeps_parsed() -> bool:
    """Return whether this SQLite has `jsonb_each`."""
    return tuple(sqlite_module().sqlite_version_info) >= KEEPS_PARSED


def _as_it_is(value: None) -> None:
    """Return None, which SQLite knows."""
    return value
