"""Says how the database that the revisions make differs from `schema.tables`.

`python -m schema.migrations.check [URL...]` compares on SQLite, and on each empty PostgreSQL
database that is named. `--write` first copies the tables into the first revision, which is right
only until that one is released.
"""

import difflib
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, text

from schema import tables
from schema.store.database import Database
from schema.store.dialect import POSTGRESQL
from schema.store.versions import REVISIONS, VERSION_TABLE, upgrade
from schema.tables import metadata

FIRST_REVISION = Path(__file__).parent / "versions" / f"{REVISIONS[0]}.py"

#: The part of the tables that the first revision repeats, and where that part ends there.
TABLES = re.compile(r"^metadata = MetaData\(\)$.*", re.MULTILINE | re.DOTALL)
COPIED = re.compile(r"^metadata = MetaData\(\)$.*?(?=^\n\n(?:def|#: ))", re.MULTILINE | re.DOTALL)

SQLITE_TELLS = """
SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'
"""

#: One line for each table, column, constraint, index and sequence.
POSTGRESQL_TELLS = """
SELECT relname::text, 'table', reloptions::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
UNION SELECT table_name, 'column', concat_ws(' ', ordinal_position, column_name, data_type,
    'nullable', is_nullable, 'default', column_default, is_identity)
    FROM information_schema.columns WHERE table_schema = current_schema()
UNION SELECT conrelid::regclass::text, 'constraint', conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION SELECT tablename, 'index', indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION SELECT sequencename, 'sequence',
    concat_ws(' ', data_type, start_value, increment_by, max_value, cycle)
    FROM pg_sequences WHERE schemaname = current_schema()
"""


def differences(database: Database) -> list[str]:
    """Return how an empty database after `upgrade` (+) differs from the tables (-), as a diff."""
    with database.writing.connect() as connection:
        metadata.create_all(connection)
        wanted = sorted(_told(connection))
        connection.rollback()
    upgrade(database)
    with database.look() as connection:
        made = sorted(_told(connection))
    names = (f"schema/tables.py on {database.dialect}", "schema/migrations")
    return list(difflib.unified_diff(wanted, made, *names, lineterm="", n=2))


def copy_tables() -> None:
    """Write the tables as they are now into the first revision."""
    if len(REVISIONS) > 1:
        raise SystemExit("there is a second revision: the first one is released and stays as it is")
    source = Path(tables.__file__).read_text(encoding="utf-8")
    revision = FIRST_REVISION.read_text(encoding="utf-8")
    found = TABLES.search(source)
    if found is None or not COPIED.search(revision):
        raise SystemExit("the tables do not begin with `metadata = MetaData()`")
    copied = found.group().rstrip() + "\n"
    FIRST_REVISION.write_text(COPIED.sub(lambda _: copied, revision), encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Print the differences; return 1 where there are some."""
    if "--write" in arguments:
        copy_tables()
    named = [each for each in arguments if each != "--write"]
    with tempfile.TemporaryDirectory() as directory:
        urls = [f"sqlite:///{directory}/check.db", *named]
        found = [line for url in urls for line in differences(Database(url))]
    for line in found or ["the revisions equal the tables"]:
        sys.stdout.write(f"{line}\n")
    return int(bool(found))


def _told(connection: Connection) -> Iterator[str]:
    """Yield what the database says about itself, one thing a line."""
    is_postgresql = connection.dialect.name == POSTGRESQL
    for row in connection.execute(text(POSTGRESQL_TELLS if is_postgresql else SQLITE_TELLS)):
        if VERSION_TABLE not in row[0]:
            said = " ".join(str(each) for each in row[1:])
            yield from (f"{row[0]}: {line.strip().rstrip(',')}" for line in said.splitlines())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
