"""`turnup purge`: what ended long ago is archived, then deleted, a batch at a time beside whatever works."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from deploy.commands.session import leave_to_the_relay, reading, writing
from deploy.commands.skip import read_moment
from deploy.display.screen import plain, print_json, say
from deploy.display.words import counted, length
from deploy.kinds import read_length
from producers.calls import Calls
from schema.command import rfc3339
from schema.errors import NotStored, Refusal, Refused, WrongDatabase
from schema.store.clock import business_now
from schema.store.database import Database
from schema.store.purging import KEPT, Archived, Purge, archived, windows

#: Says how many are done, and how far that is in time.
Tell = Callable[[int, datetime | None], None]


def count(written: str, *, as_json: bool) -> None:
    """Say how many operations would go."""
    with reading() as session:
        before = _moment(session.database, written)
        with _progress("would go") as tell, session.database.look() as connection:
            found = 0
            for window in windows(connection, before):
                found += len(window.keys)
                tell(found, window.reached)
    _tell(before, found, None, as_json=as_json)


def purge(written: str, to: Path | None, *, as_json: bool) -> None:
    """Archive and delete what ended before a time; what is deleted is durable in the archive."""
    with writing(is_to_be_done=False) as (session, writer):
        before = _moment(session.database, written)
        path = to or Path(f"turnup-purged-{datetime.now().astimezone():%Y%m%dT%H%M%S}.jsonl.gz")
        door, done = Calls(writer, leave_to_the_relay), 0
        with (
            _archive(path) as keep,
            _progress("gone") as tell,
            session.database.look() as connection,
        ):
            steps = windows(connection, before)
            while window := next(steps, None):
                if window.keys:
                    keep(archived(connection, window.keys))
                connection.rollback()  # a look that lasts holds up vacuum and checkpoints
                if window.keys:
                    done += len(door.store(Purge(window.keys, before)))
                tell(done, window.reached)
    if not done:
        path.unlink()
    _tell(before, done, path, as_json=as_json)


@contextmanager
def _archive(path: Path) -> Iterator[Callable[[list[Archived]], None]]:
    """Give what writes operations durably to a new file, compressed if it is called so."""
    try:
        path.touch(mode=0o600, exist_ok=False)  # what stands in it is the customers' own
        with path.open("wb") as file:
            _sync_directory(path.absolute().parent)
            yield partial(_keep, file, is_compressed=path.suffix == ".gz")
    except FileExistsError:
        msg = f"{path} is there already; name a new file: what is deleted is written once"
        raise WrongDatabase(msg) from None
    except OSError as error:
        raise NotStored(f"{path} cannot be written: {error.strerror}") from error


def _keep(file: BinaryIO, found: list[Archived], *, is_compressed: bool) -> None:
    """Write operations durably; each batch is compressed by itself: a file that breaks off reads up to there."""
    lines = "".join(f"{json.dumps(_document(each), ensure_ascii=False)}\n" for each in found)
    written = lines.encode()
    file.write(gzip.compress(written) if is_compressed else written)
    file.flush()
    os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """Make the name of a new file durable."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _document(found: Archived) -> dict[str, object]:
    """Return an operation as a line of the archive."""
    shown = plain(
        {
            "operation": found.operation,
            "history": list(found.history),
            "ticket": found.ticket,
        }
    )
    return {**shown, "event_id": found.event_id, "data": json.loads(found.data)}


def _moment(database: Database, written: str) -> datetime:
    """Return before when operations have ended that go: a time, or so long ago; keys are kept for a while."""
    with database.look() as connection:
        now = business_now(connection)
    try:
        before = now - read_length(written)
    except ValueError:
        before = read_moment(written)
    if before > now - KEPT:
        detail = (
            f"operations stay for {length(KEPT)} after their end, so that a command that comes again"
            f" is known: the latest is {rfc3339(now - KEPT)}"
        )
        raise Refused(Refusal("too_early", 409, detail))
    return before


@contextmanager
def _progress(word: str) -> Iterator[Tell]:
    """Give what shows on a terminal how far it is."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _done, _reached: None
        return
    with console.status("looking for what ended long ago") as status:
        yield lambda done, reached: status.update(
            f"{counted(done, 'operation')} {word}{f', now at {reached:%Y-%m-%d}' if reached else ''}"
        )


def _tell(before: datetime, found: int, path: Path | None, *, as_json: bool) -> None:
    """Print what has become of it."""
    if as_json:
        name = "would_go" if path is None else "gone"
        archive = {} if path is None else {"archive": str(path)}
        print_json({"before": rfc3339(before), name: found, **archive})
        return
    ended = f"{counted(found, 'operation')} that ended before {rfc3339(before)}"
    say(f"{ended} would go" if path is None else f"{ended} went into {path}, and are deleted")
