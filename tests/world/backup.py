"""A backup of a world's database, that can be put back: the platforms and upstream go on knowing what came after it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, text

from schema.store.dialect import SQLITE
from schema.store.restoring import Restore, Restored
from schema.tables import clock, metadata
from tests.world.reading import Row
from tests.world.world import World

#: Time goes on whatever is put back.
TABLES = [table for table in metadata.sorted_tables if table is not clock]

#: What counts keys up on PostgreSQL.
SEQUENCES = text("SELECT sequencename AS name, last_value AS last FROM pg_sequences")


@dataclass(frozen=True)
class Backup:
    """All rows of a database at one moment, and how far its keys were counted."""

    rows: dict[str, list[Row]]
    counted: dict[str, int | None]


def take(world: World) -> Backup:
    """Take a backup beside whatever is going on."""
    return Backup({table.name: world.rows.all(table.name) for table in TABLES}, world.do(_counted))


def put_back(world: World, backup: Backup, **restored: Any) -> Restored:
    """Let everything die, put a backup back, go on from it, and start a worker."""
    for worker in list(world.workers):
        world.crash(worker, lapses=False)
    world.queue.clear()
    world.do(lambda transaction: _put_back(transaction.connection, backup))
    done: Restored = world.writer.store(Restore(**restored))
    world.boot()
    return done


def _counted(transaction: Any) -> dict[str, int | None]:
    """Return how far keys are counted."""
    is_sqlite = transaction.dialect == SQLITE
    query = text("SELECT name, seq AS last FROM sqlite_sequence") if is_sqlite else SEQUENCES
    return {row.name: row.last for row in transaction.connection.execute(query)}


def _put_back(connection: Connection, backup: Backup) -> None:
    """Replace all rows, and count keys from where they were."""
    for table in TABLES:
        connection.execute(delete(table))
        if rows := backup.rows[table.name]:
            connection.execute(insert(table), rows)
    if connection.dialect.name == SQLITE:
        connection.execute(text("DELETE FROM sqlite_sequence"))
    for name, last in backup.counted.items():
        if connection.dialect.name == SQLITE:
            on = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
        else:
            on = text("SELECT setval(CAST(:name AS regclass), coalesce(:last, 1), :is_used)")
        given = {"name": name, "last": last, "is_used": last is not None}
        connection.execute(on, given)
