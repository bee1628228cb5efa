"""What every role stands on: settings, database and a writer, opened in order and closed again."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from deploy.broker import require_broker
from deploy.keys import load_keys
from deploy.logs import configure_logs
from deploy.opening import open_database
from deploy.settings import Settings
from schema.sealing import Sealer
from schema.store.database import Database
from schema.store.writer import Writer


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of every role, and the event that says that it is to stop."""

    settings: Settings
    database: Database
    writer: Writer
    sealer: Sealer
    stop: threading.Event


@contextmanager
def role(settings: Settings, name: str) -> Iterator[Core]:
    """Open what one of several processes needs; raise what the settings or the database lack."""
    settings.require_roles(name)
    configure_logs(settings.log)
    database = open_database(settings)
    require_broker(settings.broker_url)
    with started(settings, database, publishes=True) as core:
        yield core


@contextmanager
def started(settings: Settings, database: Database, *, publishes: bool) -> Iterator[Core]:
    """Start a writer on an open database that has its keys, and end both in the end."""
    sealer = Sealer(load_keys(settings, database))
    writer = Writer(database, settings.products, publishes=publishes)
    writer.start()
    try:
        yield Core(settings, database, writer, sealer, _stop_on_signals())
    finally:
        writer.stop()
        database.close()


def _stop_on_signals() -> threading.Event:
    """Return an event that is set by an interrupt or a request to end; only the main thread may ask."""
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            # A handler runs inside whatever it interrupts, and must not wait for a lock held there.
            signal.signal(number, lambda *_: threading.Thread(target=stop.set, daemon=True).start())
    return stop
