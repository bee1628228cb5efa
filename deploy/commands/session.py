"""What a command has at hand: the settings, the database, and a writer where it writes."""

import getpass
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.lock import beside_others
from deploy.logs import configure_logs
from deploy.mark import require_newest
from deploy.opening import open_database, require_served
from deploy.settings import Settings, read_settings
from schema.store.database import Database
from schema.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Session:
    """The settings, and the database that they name."""

    settings: Settings
    database: Database


@contextmanager
def reading() -> Iterator[Session]:
    """Give what a command needs that only looks."""
    settings = read_settings()
    configure_logs("console", logging.CRITICAL)  # what goes wrong is said once, as the answer
    database = open_database(settings)
    try:
        yield Session(settings, database)
    finally:
        database.close()


@contextmanager
def writing(*, is_to_be_done: bool = True) -> Iterator[tuple[Session, Writer]]:
    """Give what a command needs that writes shortly, beside `serve` or without it.

    Raises `WrongDatabase` where it has to be done by somebody, and nobody ever will; and what `require_newest` does.
    """
    with reading() as session, beside_others(session.database):
        require_newest(session.database)
        if is_to_be_done:
            require_served(session.database)
        settings = session.settings
        outlets = {
            "publishes": not settings.is_embedded,
            "tells_desk": settings.desk_url is not None,
        }
        writer = Writer(session.database, settings.products, **outlets)
        writer.start()
        try:
            yield session, writer
        finally:
            writer.stop()


def leave_to_the_relay(product: str, operations: Sequence[int]) -> None:
    """Offer nothing: a command ends soon, and what is due is found in the database."""


def user() -> str:
    """Return who asks: the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "system"
