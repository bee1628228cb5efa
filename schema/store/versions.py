"""Which version the database has, and bringing it to the one that this program works on.

Looking costs two small queries and no alembic; that is loaded only to upgrade.
"""

from importlib import import_module
from secrets import token_hex

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from schema.errors import NotStored, StoreError, Unreachable, WrongDatabase
from schema.store.database import Database, first_line
from schema.store.dialect import SQLITE

#: Every revision in `schema/migrations/versions`, oldest first; this program works on the last.
REVISIONS: tuple[str, ...] = ("0001_two_products",)
HEAD = REVISIONS[-1]

VERSION_TABLE = "turnup_version"

#: What mends an empty or an old database.
UPGRADE = "turnup db upgrade"


def check(database: Database) -> None:
    """Raise `WrongDatabase` unless the database has this program's version.

    Raises `Unreachable` where it does not answer.
    """
    found = version_of(database)
    if found is None:
        told = f"the database {database.place} has no tables yet; make them with: {UPGRADE}"
        raise WrongDatabase(told)
    _refuse_unknown(database, found)
    if found != HEAD:
        raise WrongDatabase(
            f"the database {database} is older ({found}) than this program ({HEAD}); "
            f"bring it up with: {UPGRADE}"
        )


def version_of(database: Database) -> str | None:
    """Return the database's revision, None while it is empty; raise where it is not Turnup's."""
    if database.dialect == SQLITE and not _has_content(database):
        return None
    with database.look() as connection:
        names = inspect(connection).get_table_names()
        if not names:
            return None
        found = _revision(connection) if VERSION_TABLE in names else None
    if found is None:
        raise WrongDatabase(f"the database {database} has tables, but they are not Turnup's")
    return found


def upgrade(
    database: Database, *, movable_clock: bool = False, installation: str | None = None
) -> bool:
    """Bring the database to this program's version, all or nothing; return whether there was need.

    An empty one is created. Business time can be moved only in a database that was created with
    `movable_clock`. Platforms tell two databases apart by their `installation`: drawn by lot, unless
    it is given. Raises `WrongDatabase`, `Unreachable` and `NotStored`.
    """
    found = version_of(database)
    if found is not None:
        _refuse_unknown(database, found)
        if movable_clock:
            raise WrongDatabase(
                f"the database {database} exists already; "
                "whether its clock can be moved is decided when it is made"
            )
    if found == HEAD:
        return False
    try:
        with database.writing.connect() as connection:
            _run_alembic(connection, movable_clock, installation or token_hex(4))
    except DBAPIError as error:
        raise _failure(database, error) from error
    return True


def _has_content(database: Database) -> bool:
    """Return whether a SQLite file has anything in it; raise where it can have none."""
    try:
        if database.path.is_dir():
            raise Unreachable(f"the database {database} cannot be read: Is a directory")
        return database.path.stat().st_size > 0
    except FileNotFoundError:
        if not database.path.absolute().parent.is_dir():
            told = f"the directory {database.path.parent} of the database {database} is missing"
            raise Unreachable(told) from None
        return False
    except OSError as error:
        raise Unreachable(f"the database {database} cannot be read: {error.strerror}") from error


def _revision(connection: Connection) -> str | None:
    """Return what the database says about its version."""
    query = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  a constant
    revision = connection.execute(query).scalar()
    return None if revision is None else str(revision)


def _refuse_unknown(database: Database, found: str) -> None:
    """Raise where the database has a version that this program does not know, a newer or an unreleased one."""
    if found in REVISIONS:
        return
    if found > HEAD:
        raise WrongDatabase(
            f"the database {database} is newer ({found}) than this program ({HEAD}); "
            "install the newer program"
        )
    raise WrongDatabase(
        f"the database {database} was made by a program that was never released ({found}); "
        "begin with a new one"
    )


def _run_alembic(connection: Connection, movable_clock: bool, installation: str) -> None:  # noqa: FBT001  as asked
    """Let alembic run the missing revisions on this connection; it commits."""
    command, config = import_module("alembic.command"), import_module("alembic.config")
    asked = config.Config()
    # By name and not by import: the revisions stand above the store, which knows none.
    asked.set_main_option("script_location", "schema:migrations")
    asked.attributes.update(
        connection=connection,
        version_table=VERSION_TABLE,
        movable_clock=movable_clock,
        installation=installation,
    )
    command.upgrade(asked, "head")


def _failure(database: Database, error: DBAPIError) -> StoreError:
    """Return what a failed upgrade means: nobody there, or a refusal by the database."""
    said = first_line(error)
    if error.connection_invalidated or "unable to open" in said or "connection" in said:
        return Unreachable(f"the database {database} does not answer: {said}")
    return NotStored(f"the database {database} is as it was, the upgrade failed: {said}")
