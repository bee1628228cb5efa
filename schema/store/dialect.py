"""The few places where SQLite and PostgreSQL want different SQL."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Integer,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from schema.store.library import keeps_parsed

#: The columns of a set of rows, with their types.
Columns = Mapping[str, TypeEngine[Any]]

#: A set of keys.
ID: Columns = {"id": BigInteger()}

SQLITE, POSTGRESQL = "sqlite", "postgresql"

#: Milliseconds since 1970 by the database's own clock, at this moment and not at the transaction's start.
LEASE_NOW = {
    SQLITE: literal_column(
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)", BigInteger
    ),
    POSTGRESQL: literal_column(
        "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)", BigInteger
    ),
}


def rows(dialect: str, columns: Columns, parameter: str = "rows") -> FromClause:
    """Return a set of rows that is handed over as one parameter, made by `packed`."""
    given = bindparam(parameter, type_=Text())
    values: list[ColumnElement[Any]]
    name = f"each_{parameter}"
    if dialect == POSTGRESQL:
        array = func.jsonb_array_elements(cast(given, JSONB)).table_valued("value", name=name)
        each = array.c.value.op("->>")
        values = [
            cast(each(literal_column(str(at))), kind) for at, kind in enumerate(columns.values())
        ]
    else:
        each_of = func.jsonb_each if keeps_parsed() else func.json_each
        array = each_of(given).table_valued("value", name=name)
        values = [
            func.json_extract(array.c.value, literal_column(f"'$[{at}]'"), type_=kind)
            for at, kind in enumerate(columns.values())
        ]
    named = [value.label(name) for name, value in zip(columns, values, strict=True)]
    return select(*named).select_from(array).subquery(parameter)


def is_given(dialect: str, key: ColumnElement[int]) -> ColumnElement[bool]:
    """Return whether a key is one of those handed over as one parameter: one statement for any number of them."""
    return is_one_of(dialect, key, select(rows(dialect, ID).c.id))


def is_one_of(dialect: str, key: ColumnElement[int], found: Select[Any]) -> ColumnElement[bool]:
    """Return whether a key is one of the few that a query finds.

    PostgreSQL gets them as an array, for it would join a set in an order that its statistics of yesterday suggest.
    """
    if dialect == POSTGRESQL:
        return key == any_(func.array(found.scalar_subquery(), type_=ARRAY(BigInteger)))
    return key.in_(found)


@cache
def insert_rows(dialect: str, *into: tuple[Table, tuple[str, ...]]) -> Insert:
    """Return the statement that adds a set of rows to each of these tables; each is handed over by `new_rows`."""
    *before, last = (_insert(dialect, table, names) for table, names in into)
    return last.add_cte(*(each.cte(f"into_{each.table.name}") for each in before))


def new_rows(
    into: Iterable[tuple[Table, tuple[str, ...], Sequence[Sequence[Any]]]],
) -> dict[str, str]:
    """Return the parameters of `insert_rows`."""
    return {_new(table): packed(names, values) for table, names, values in into}


def _new(table: Table) -> str:
    """Return how the parameter with the new rows of a table is called."""
    return f"new_{table.name}"


def _insert(dialect: str, table: Table, names: tuple[str, ...]) -> Insert:
    """Return the statement that adds a set of rows to one table."""
    given = rows(dialect, {name: table.c[name].type for name in names}, _new(table))
    return insert(table).from_select(names, select(*(given.c[name] for name in names)))


@cache
def insert_values(table: Table, names: tuple[str, ...]) -> str:
    """Return the statement that SQLite's driver repeats for each row, which is twice as quick there."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table.name}" ({quoted}) VALUES ({", ".join("?" * len(names))})'  # noqa: S608  our own names


def packed(columns: Iterable[str], values: Iterable[Sequence[Any]]) -> str:
    """Return rows as the one parameter that `rows` reads: arrays in an array, which both databases read quickest."""
    width, given = len(tuple(columns)), list(values)
    if any(len(each) != width for each in given):
        raise ValueError("a row has not as many values as there are columns")
    return to_json(given).decode()


def next_keys(connection: Connection, table: Table, count: int) -> list[int]:
    """Return `count` fresh keys of a table, ascending; a key is never given twice, not even after a purge."""
    return [key for (key,) in next_keys_of(connection, (table,), count)]


def next_keys_of(
    connection: Connection, tables: tuple[Table, ...], count: int
) -> list[tuple[int, ...]]:
    """Return `count` fresh keys of each of these tables, ascending."""
    if not count:
        return []
    if connection.dialect.name == POSTGRESQL:
        found = connection.execute(_next_keys(tables), {"count": count})
        return list(zip(*map(sorted, zip(*found, strict=True)), strict=True))
    found = connection.execute(_LAST_KEYS)
    known = {row.name: int(row.seq) for row in found}
    firsts = [known.get(table.name, 0) + 1 for table in tables]
    return [tuple(first + number for first in firsts) for number in range(count)]


_LAST_KEYS = text("SELECT name, seq FROM sqlite_sequence")


@cache
def _next_keys(tables: tuple[Table, ...]) -> Select[Any]:
    """Return the query for fresh keys of tables."""
    count = bindparam("count", type_=Integer)
    return select(*(func.nextval(literal(f"{table.name}_keys")) for table in tables)).select_from(
        func.generate_series(1, count)
    )


def locked(dialect: str, query: Select[Any], table: Table, *, skip: bool) -> Select[Any]:
    """Return the query holding the rows of `table` for this transaction; SQLite holds the whole database anyway."""
    return query.with_for_update(of=table, skip_locked=skip) if dialect == POSTGRESQL else query
