"""The lock by which one process works on a database alone, or roles share it.

`<database>.lock` beside SQLite proves that an old process is gone: the system lets go of it when that ends, however it
ends. The advisory lock on PostgreSQL keeps `serve` and roles apart, but ends with a connection: it is taken again after
a restart of the server, and who finds it taken by somebody else then ends. Who is alive is said by leases alone.
"""

import fcntl
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog

from deploy.ending import Ending
from schema.command import rfc3339
from schema.errors import TurnupError, Unreachable
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.exclusive import AdvisoryLock
from schema.store.library import is_safe_beside_others, sqlite_module

#: How long to try: a command that only looks, or writes shortly, is gone by then. In seconds.
PATIENCE = 2.0
PAUSE = 0.05

#: How often it is looked whether an advisory lock is still held, in seconds.
LOOK = 1.0

#: So long a lock that was lost may be another's before its holder gives up, in seconds: a server
#: needs a while to notice that a connection has broken, and until then the other may be ourselves.
GIVE_UP = 10.0

#: The line of a lock file that says since when, after process and host; an older version wrote the process alone.
SINCE = 2

log = structlog.get_logger()


class DatabaseOccupied(TurnupError):
    """Raised when another process has the database to itself."""


@contextmanager
def exclusive(
    database: Database, patience: float = PATIENCE, ending: Ending | None = None
) -> Iterator[None]:
    """Have the database alone while the block runs; raise `DatabaseOccupied` if it is not free.

    `ending` is told where it is lost.
    """
    if database.dialect != SQLITE:
        lock = AdvisoryLock(database, is_shared=False)
        if not _within(patience, lock.take):
            raise DatabaseOccupied(
                f"another process works on the database {database}: turnup serve, "
                "or the roles api, worker, waker and relay; stop them first"
            )
        with _kept(lock, ending or Ending()):
            yield
        return
    with _locked_file(lock_file(database), patience) as is_taken:
        if not is_taken:
            raise DatabaseOccupied(
                f"{_holder(database)} works on the database {database}; stop it first, "
                "or look at what it does: turnup doctor"
            )
        yield


@contextmanager
def beside_roles(database: Database, ending: Ending) -> Iterator[None]:
    """Share a PostgreSQL database with other roles while the block runs; raise `DatabaseOccupied`."""
    lock = AdvisoryLock(database, is_shared=True)
    if not _within(PATIENCE, lock.take):
        raise DatabaseOccupied(
            f"turnup serve works on the database {database} alone; stop it first"
        )
    with _kept(lock, ending):
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


def holder(database: Database) -> str | None:
    """Return who has a SQLite database to itself, as far as its lock file says, or None where nobody has."""
    try:
        with lock_file(database).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(database)
    except FileNotFoundError:
        pass
    return None


@contextmanager
def _kept(lock: AdvisoryLock, ending: Ending) -> Iterator[None]:
    """Keep an advisory lock while the block runs, through restarts of the server."""
    is_over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(lock, ending, is_over), name="lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()
        keeper.join(LOOK)  # one that waits for a database that is away is left behind


def _keep(lock: AdvisoryLock, ending: Ending, is_over: threading.Event) -> None:
    """Hold a lock until the end, and take it again where it was lost; end the process where somebody else has it."""
    try:
        _hold(lock, ending, is_over)
    finally:
        lock.release()


def _hold(lock: AdvisoryLock, ending: Ending, is_over: threading.Event) -> None:
    """Look now and then whether a lock is still held."""
    refused_since = None
    while not is_over.wait(LOOK):
        if lock.is_held():
            continue
        try:
            is_held = lock.take()
        except Unreachable:
            continue
        if is_held:
            log.info("lock_held_again")
            refused_since = None
            continue
        refused_since = refused_since or time.monotonic()
        if time.monotonic() - refused_since > GIVE_UP:
            ending.fail("lock", "another process works on the database since it was away")
            return


@contextmanager
def _locked_file(path: Path, patience: float) -> Iterator[bool]:
    """Hold a lock on a file, and say whether it could be had; the file names its last holder."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unreachable(f"the lock file {path} cannot be opened: {error.strerror}") from error
    try:
        is_taken = _within(patience, lambda: _is_locked(handle))
        if is_taken:
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n{socket.gethostname()}\n{_now()}\n".encode())
        yield is_taken
    finally:
        os.close(handle)


def _is_locked(handle: int) -> bool:
    """Try to lock an open file."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _within(patience: float, is_taken: Callable[[], bool]) -> bool:
    """Try until patience ends."""
    until = time.monotonic() + patience
    while not is_taken():
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE)
    return True


def _holder(database: Database) -> str:
    """Return who holds the lock, where and since when, as far as the file says."""
    said = lock_file(database).read_text(encoding="utf-8", errors="replace").splitlines()
    if not said or not said[0].isdigit():
        return "another process"
    where = f" (on {said[1]} since {said[2]})" if len(said) > SINCE else ""
    return f"process {said[0]}{where}"


def _now() -> str:
    """Return this machine's time; business time is in the database, which is not open yet."""
    return rfc3339(datetime.now(UTC).replace(microsecond=0))
