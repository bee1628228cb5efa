"""The database that a run makes for itself, and what becomes of the one before it.

A run's own SQLite database has `<database>.simulator` beside it, which nothing else makes: with that file it is
renamed, without it refused. On PostgreSQL nothing can be renamed, so the database has to be empty.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.keys import given_keys, load_keys
from deploy.lock import exclusive
from deploy.opening import RUNS_MARK, upgrade_database
from deploy.settings import MAIL_END, SMS_END, Settings
from schema.errors import Unreachable, WrongDatabase
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.versions import version_of

#: What a run leaves, by the end of its name. The mark goes last: what is half renamed is still a run's.
ENDS = (
    "",
    "-wal",
    "-shm",
    ".key",
    MAIL_END,
    SMS_END,
    f"{RUNS_MARK}-wal",
    f"{RUNS_MARK}-shm",
    RUNS_MARK,
)


#: A run's installation, by which its platforms know it: the same in every run, as all of it is.
TOUR = "tour"


@dataclass(frozen=True, slots=True)
class Ground:
    """A new database, the file in which the vendors keep theirs, and how an earlier run's is called now."""

    database: Database
    simulator: Path
    set_aside: str | None = None


@contextmanager
def new_ground(settings: Settings) -> Iterator[Ground]:
    """Make the database of the settings, with a movable clock, and have it alone while the block runs.

    Raises `WrongDatabase` where it belongs to somebody else, and what `upgrade` and `exclusive` raise.
    """
    database = Database(settings.database_url)
    with ExitStack() as stack:
        if database.dialect == SQLITE:
            stack.enter_context(exclusive(database))
            ground = _on_sqlite(database)
        else:
            given_keys(settings, database)
            _require_empty(database)
            stack.enter_context(exclusive(database))
            aside = stack.enter_context(TemporaryDirectory(prefix="turnup-"))
            ground = Ground(database, Path(aside, "vendors"))
        upgrade_database(settings, database, movable_clock=True, installation=TOUR)
        load_keys(settings, database)
        yield ground


def _on_sqlite(database: Database) -> Ground:
    """Set an earlier run's database aside, and mark the new one as a run's own."""
    path, mark = database.path, Path(f"{database.path}{RUNS_MARK}")
    is_made = version_of(database) is not None
    database.close()
    if is_made and not mark.exists():
        raise WrongDatabase(
            f"the database {database} was not left by turnup run, which makes its own; "
            "set TURNUP_DATABASE_URL to a new name, for example sqlite:///day.db"
        )
    try:
        aside = _set_aside(path) if mark.exists() else None
        mark.touch(mode=0o600)
    except OSError as error:
        raise Unreachable(f"the files of {database} cannot be renamed: {error.strerror}") from error
    return Ground(database, mark, aside)


def _set_aside(path: Path) -> str:
    """Rename a database with all that stands beside it, and return its new name."""
    names = (Path(f"{path}.{number}") for number in count(1))
    new = next(name for name in names if not any(Path(f"{name}{end}").exists() for end in ENDS))
    for end in ENDS:
        if Path(f"{path}{end}").exists():
            Path(f"{path}{end}").rename(f"{new}{end}")
    return str(new)


def _require_empty(database: Database) -> None:
    """Raise `WrongDatabase` for a database that cannot be renamed and is somebody's."""
    if version_of(database) is not None:
        raise WrongDatabase(
            f"the database {database} is not empty; turnup run makes its own: "
            "set TURNUP_DATABASE_URL to an empty one"
        )
