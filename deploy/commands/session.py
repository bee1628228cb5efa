"""What a command has at hand: the settings, the database, and a writer where it writes."""

import getpass
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.lock import beside_others
from deploy.logs import configure_logs
from deploy.opening import open_database
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
    configure_logs("console", logging.WARNING)
    database = open_database(settings)
    try:
        yield Session(settings, database)
    finally:
        database.close()


@contextmanager
def writing() -> Iterator[tuple[Session, Writer]]:
    """Give what a command needs that writes shortly, beside `serve` or without it."""
    with reading() as session, beside_others(session.database):
        settings = session.settings
        writer = Writer(session.database, settings.products, publishes=not settings.is_embedded)
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
