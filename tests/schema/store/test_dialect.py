"""Sets of rows as one parameter: what goes in comes out, whichever SQLite reads it."""

from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Boolean, Text, select

from schema.store.database import Database
from schema.store.dialect import SQLITE, Columns, packed, rows
from schema.store.library import keeps_parsed
from schema.tables import FAR

COLUMNS: Columns = {"key": BigInteger(), "is_open": Boolean(), "said": Text()}

ROWS = [
    (FAR, True, '{"place": "7"}'),
    (-1, False, "quoted \"'\\ è 漢"),
    (0, None, None),
    (1, True, ""),
]


@pytest.mark.parametrize("is_new", [True, False], ids=["jsonb_each", "json_each"])
def test_rows_are_read_alike_by_an_older_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_new: bool
) -> None:
    monkeypatch.setattr("schema.store.dialect.keeps_parsed", lambda: is_new and keeps_parsed())
    database = Database(f"sqlite:///{tmp_path}/rows.db")
    query = select(rows(SQLITE, COLUMNS))
    with database.writing.begin() as connection:
        found = connection.execute(query, {"rows": packed(COLUMNS, ROWS)}).all()
    database.close()
    assert [tuple(each) for each in found] == ROWS
    assert ("jsonb_each" in str(query)) is (is_new and keeps_parsed())


def test_what_is_not_there_is_stored_as_null(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/rows.db")
    with database.writing.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE row (key, said)")
        connection.exec_driver_sql("INSERT INTO row VALUES (?, ?)", [(1, None), (2, "")])
        found = connection.exec_driver_sql("SELECT key FROM row WHERE said IS NULL").all()
    database.close()
    assert [key for (key,) in found] == [1]
