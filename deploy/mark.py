"""The mark beside a SQLite database, by which it is noticed that a backup was put back.

Who works on the database counts on now and then, in it and then in `<database>.mark`: one that has counted less far
than the file says is older than the one that was here. After `turnup db restored` it has counted much further.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.core import Core
from schema.errors import NotStored, WrongDatabase
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.restoring import CountOn, age

#: How often is counted, and how long that may take, in seconds: of a process that was killed, a backup younger than the
#: last count is not noticed.
EVERY, PATIENCE = 10.0, 5.0


def mark_file(database: Database) -> Path:
    """Return the file that says how far a SQLite database has counted."""
    return Path(f"{database.path}.mark")


def require_newest(database: Database) -> None:
    """Raise `WrongDatabase` where a backup was put back, and nobody has said so."""
    if database.dialect != SQLITE or not mark_file(database).exists():
        return
    with database.look() as connection:
        whose, _, counted = age(connection).partition(" ")
    said = mark_file(database).read_text(encoding="ascii", errors="replace")
    whose_last, _, last = said.strip().partition(" ")
    if whose == whose_last and last.isdigit() and int(counted) < int(last):
        raise WrongDatabase(
            f"the database {database} is older than the one that was worked on here last: a backup was "
            "put back; stop whoever works on it, and say so: turnup db restored"
        )


def require_no_log(database: Database) -> None:
    """Raise `WrongDatabase` where a SQLite log lies beside a backup: SQLite plays it over that.

    Nothing in such a log says whose it is, so that it is a person who has to know.
    """
    log = Path(f"{database.path}-wal")
    if database.dialect == SQLITE and log.exists() and log.stat().st_size:
        raise WrongDatabase(
            f"{log} lies beside the database: of a database that was replaced after a kill, it would be played "
            f"over the backup. Remove {log.name} and {database.path.name}-shm, put the backup back again, and "
            "say this again. Only where it is the backup's own, take it in: "
            f'sqlite3 {database.path.name} "PRAGMA wal_checkpoint(TRUNCATE)"'
        )


@contextmanager
def marked(core: Core) -> Iterator[None]:
    """Count on while the block runs, at its beginning and at its end; raise what `require_newest` does."""
    if core.database.dialect != SQLITE:
        yield
        return
    require_newest(core.database)
    is_over = threading.Event()
    counting = threading.Thread(target=_go_on, args=(core, is_over), name="mark", daemon=True)
    _count(core)
    counting.start()
    try:
        yield
    finally:
        is_over.set()
        counting.join(PATIENCE)
        _count(core)


def _go_on(core: Core, is_over: threading.Event) -> None:
    """Count on until the end."""
    while not is_over.wait(EVERY):
        _count(core)


def _count(core: Core) -> None:
    """Count on in the database, and then beside it; where that fails, the next time will do."""
    path = mark_file(core.database)
    with suppress(NotStored, TimeoutError, OSError):
        counted = core.writer.store(CountOn(), PATIENCE)
        draft = Path(f"{path}.new")
        draft.touch(mode=0o600)
        draft.write_text(f"{counted}\n", encoding="ascii")
        draft.replace(path)
