"""A relay as a process of its own, to be killed: `python -m tests.producers.relay.process DATABASE BROKER`."""

import sys
import threading
from datetime import timedelta

from producers.relay.pace import Pace
from producers.relay.relay import Relay
from schema.discovery import find_products
from schema.store.database import Database
from schema.store.writer import Writer


def main(database_url: str, broker_url: str) -> None:
    """Relay until killed, in small bites, so that there is always something under way."""
    database, products = Database(database_url), find_products()
    writer = Writer(database, products, publishes=True)
    writer.start()
    pace = Pace(source="victim", lease=timedelta(seconds=1), window=20, batch=50)
    Relay(database, writer, products, broker_url, pace).run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
