"""`turnup reveal`: a secret is printed, or goes into a file that nobody else can read; one of CSV takes many."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from deploy.commands.calls import secrets
from deploy.commands.session import Session, user, writing
from deploy.display.screen import answer, print_json, say, warn
from deploy.display.words import counted
from producers.exports import csv_of, table_of
from producers.secrets import Secrets, told
from schema.errors import NotFound, Refused, TurnupError
from schema.lifecycle import Product
from schema.spreadsheet import safe_cell
from schema.store.reads import find_service
from schema.views import Revealed, Service

#: What is added to a cell that a spreadsheet would calculate is no part of a password.
APOSTROPHE = "turnup: {0}: a spreadsheet would calculate its {1}; in the file, an ' before = + - or @ is no part of it"


class FileUnusable(TurnupError):
    """Raised where secrets cannot be written into a file; before one is revealed, unless it says so."""


def reveal(service: str, secret: str | None, *, as_json: bool) -> None:
    """Print a secret, this once."""
    with writing(is_to_be_done=False) as (session, writer):
        _, revealed = _revealed(session, secrets(session, writer), service, secret)
    answer(revealed, revealed.value, as_json=as_json)


def reveal_to(path: Path, services: Sequence[str], secret: str | None, *, as_json: bool) -> int:
    """Write secrets into a new file, each this once; return 1 where one was refused, and the others are written."""
    if path.suffix.lower() != ".csv" and len(services) > 1:
        raise FileUnusable(f"{path} takes the secret of one service; a file of CSV takes many")
    count = 0
    with writing(is_to_be_done=False) as (session, writer), _new_file(path) as file:
        written = _Written(path, file)
        door = secrets(session, writer)
        for name in services:
            try:
                found, revealed = _revealed(session, door, name, secret)
            except (NotFound, Refused) as error:
                why = told(error.refusal) if isinstance(error, Refused) else error
                warn(f"turnup: {name}: {why}")
                continue
            written.add(found, session.settings.products[found.product], revealed)
            count += 1
    if as_json:
        print_json({"revealed": count, "refused": len(services) - count, "to": str(path)})
    elif count:
        say(f"{counted(count, 'secret')} in {path}, shown this once")
    return int(count < len(services))


class _Written:
    """A file into which secrets go, and the header that stands above the last one."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self._path = path
        self._file = file
        self._header: Sequence[str] = ()

    def add(self, service: Service, product: Product, revealed: Revealed) -> None:
        """Write a secret, so that it outlives this process; raise `FileUnusable` where there is no room."""
        text = revealed.value
        if self._path.suffix.lower() == ".csv":
            table = table_of(service, product, revealed)
            text, self._header = csv_of(table, self._header), table[0]
            if any(safe_cell(cell) != cell for row in table for cell in row):
                warn(APOSTROPHE.format(f"{service.customer}/{service.reference}", revealed.secret))
        try:
            self._file.write(text)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            detail = f"{self._path} cannot be written ({error.strerror}): the {revealed.secret} of"
            raise FileUnusable(f"{detail} {revealed.service} is lost, ask for a new one") from error


def _revealed(
    session: Session, door: Secrets, service: str, secret: str | None
) -> tuple[Service, Revealed]:
    """Return a service and a secret of it, this once."""
    with session.database.look() as connection:
        found = find_service(connection, session.settings.products, service)
    return found, door.reveal(found, secret, user())


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """Give a new file that only its owner reads, and remove it again where nothing came of it."""
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise FileUnusable(f"{path} is there already; nothing was revealed") from None
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}; nothing was revealed") from error
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
    finally:
        if not path.stat().st_size:
            path.unlink()
