"""The lock that proves that no other process works on a database, and that an old one is gone.

`<database>.lock` beside SQLite, an advisory lock on PostgreSQL. The system lets go of both when the
process ends, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema.errors import TurnupError, Unreachable
from schema.store.database import Database, is_safe_beside_others, sqlite_module
from schema.store.dialect import SQLITE
from schema.store.exclusive import advisory_lock

#: How long to try: a command that only looks, or writes shortly, is gone by then. In seconds.
PATIENCE = 2.0
PAUSE = 0.05


class DatabaseOccupied(TurnupError):
    """Raised when another process has the database to itself."""


@contextmanager
def exclusive(database: Database, patience: float = PATIENCE) -> Iterator[None]:
    """Have the database alone while the block runs; raise `DatabaseOccupied` if it is not free."""
    if database.dialect != SQLITE:
        with advisory_lock(database) as is_taken:
            if not is_taken:
                raise DatabaseOccupied(f"another process works on the database {database}")
            yield
        return
    with _locked_file(lock_file(database), patience) as is_taken:
        if not is_taken:
            raise DatabaseOccupied(f"{_holder(database)} works on the database {database}")
        yield


@contextmanager
def beside_others(database: Database) -> Iterator[None]:
    """Write shortly while the block runs, beside `serve` where this SQLite library is safe for it.

    Raises `DatabaseOccupied` where two writing processes could damage the database (PITFALLS 3.10).
    """
    if database.dialect != SQLITE or is_safe_beside_others():
        yield
        return
    with _locked_file(lock_file(database), 0) as is_taken:
        if not is_taken:
            raise DatabaseOccupied(
                f"{_holder(database)} writes to the database {database}, and with SQLite "
                f"{sqlite_module().sqlite_version} a second writer could damage it; "
                "use the HTTP door, or stop that process first"
            )
        yield


def lock_file(database: Database) -> Path:
    """Return the file beside a SQLite database that is locked."""
    return Path(f"{database.path}.lock")


@contextmanager
def _locked_file(path: Path, patience: float) -> Iterator[bool]:
    """Hold a lock on a file, and say whether it could be had; the file names its last holder."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unreachable(f"the lock file {path} cannot be opened: {error.strerror}") from error
    try:
        is_taken = _try_for(handle, patience)
        if is_taken:
            os.ftruncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
        yield is_taken
    finally:
        os.close(handle)


def _try_for(handle: int, patience: float) -> bool:
    """Try to lock an open file until patience ends."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE)
        else:
            return True


def _holder(database: Database) -> str:
    """Return who holds the lock, as far as the file says."""
    process = lock_file(database).read_text(encoding="ascii", errors="replace").strip()
    return f"process {process}" if process.isdigit() else "another process"
