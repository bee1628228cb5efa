"""Opens the database that the settings name, and makes a new one where that is allowed."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

from deploy.keys import make_key
from deploy.settings import Settings
from schema.errors import TurnupError, WrongDatabase
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.versions import check, upgrade, version_of

#: Whoever has a database already, and starts from another directory, sees it here.
NEW = "there was none in this place; TURNUP_DATABASE_URL says where it is"

log = structlog.get_logger()

#: What stands beside a SQLite database that `turnup run` made, and beside no other.
RUNS_MARK = ".simulator"


def open_database(settings: Settings) -> Database:
    """Return the database of the settings, which another process may own; raise `WrongDatabase` or `Unreachable`."""
    with _let_go_if_refused(Database(settings.database_url, checkpoints=False)) as database:
        check(database)
    return database


def open_or_make_database(settings: Settings, *, movable_clock: bool = False) -> Database:
    """Return the database for the process that owns it, made with its key where SQLite has none.

    Raises `WrongDatabase`, `Unreachable`, `NotStored` or `KeyUnusable`.
    """
    with _let_go_if_refused(Database(settings.database_url)) as database:
        require_served(database)
        if database.dialect == SQLITE and version_of(database) is None:
            upgrade_database(settings, database, movable_clock=movable_clock)
            log.warning("database_made", path=str(database.path.absolute()), hint=NEW)
        check(database)
    return database


def is_of_a_run(database: Database) -> bool:
    """Return whether `turnup run` has made this database, on which nobody else works."""
    return database.dialect == SQLITE and Path(f"{database.path}{RUNS_MARK}").exists()


def require_served(database: Database) -> None:
    """Raise `WrongDatabase` where nobody will ever carry out what is asked."""
    if is_of_a_run(database):
        raise WrongDatabase(
            f"time stands in the database {database}, which turnup run has left; look at it "
            "with turnup list, and set TURNUP_DATABASE_URL to a new name: sqlite:///serve.db"
        )


def upgrade_database(
    settings: Settings,
    database: Database,
    *,
    movable_clock: bool,
    installation: str | None = None,
) -> bool:
    """Bring the database to this program's version; a new SQLite one gets its key first."""
    if version_of(database) is None:
        make_key(settings, database)
        if database.dialect == SQLITE:
            with suppress(OSError):  # whatever is wrong, the upgrade says
                database.path.touch(mode=0o600)  # what SQLite makes beside it has the same mode
    return upgrade(database, movable_clock=movable_clock, installation=installation)


@contextmanager
def _let_go_if_refused(database: Database) -> Iterator[Database]:
    """Close the database where it cannot be used."""
    try:
        yield database
    except TurnupError:
        database.close()
        raise
