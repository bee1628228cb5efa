"""What the machine can do at most: further limits beside those of `make bench`, and the servers' versions."""

import itertools
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from producers.relay.link import Link
from tests.bench.machine import PAGE, limits, per_second
from tests.bench.peers.measuring import SETTINGS
from tests.bench.systems import bind_events
from tests.servers.postgres import PostgresServer
from tests.servers.rabbit import RabbitServer

CONNECTIONS = 8

#: Messages that are published before their confirms are waited for.
WINDOWS = (1, 10, 100, 1_000)

#: How long a broker may take to confirm a window, in seconds.
PATIENCE = 10

#: Pages of a file that is written over and over.
PAGES = 256


def all_limits(directory: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Return how often a second things can be done, and the versions of the servers."""
    found, versions = limits(directory), {}
    found["fdatasync of 4 KB, overwriting"] = _overwrites(directory / "overwritten")
    with PostgresServer(**SETTINGS) as postgres:
        url = postgres.create_database().replace("+psycopg", "")
        found[f"PostgreSQL one-row commits, {CONNECTIONS} connections"] = _commits(url)
        with psycopg.connect(url) as connection:
            versions["PostgreSQL"] = str(connection.execute("SHOW server_version").fetchall()[0][0])
    with RabbitServer() as rabbit:
        versions["RabbitMQ"] = rabbit.ctl("version").strip()
        bind_events(rabbit.url)
        for window in WINDOWS:
            found[f"RabbitMQ confirms, window of {window:,}"] = _confirms(rabbit.url, window)
    return found, versions


def _overwrites(path: Path) -> float:
    """Write over the pages of a file in turn, each durable before the next."""
    path.write_bytes(PAGE * PAGES)
    with path.open("r+b", buffering=0) as file:
        os.fsync(file.fileno())

        def overwrite() -> None:
            if file.tell() == len(PAGE) * PAGES:
                file.seek(0)
            file.write(PAGE)
            os.fdatasync(file.fileno())

        return per_second(overwrite)


def _commits(url: str) -> float:
    """Commit on several connections at once, a thread each."""
    rates: list[float] = []
    with ExitStack() as stack:
        opened = [
            stack.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(CONNECTIONS)
        ]
        opened[0].execute("CREATE TABLE row (value integer)")

        def commit(own: psycopg.Connection) -> None:
            rates.append(per_second(lambda: own.execute("INSERT INTO row VALUES (1)")))

        threads = [threading.Thread(target=commit, args=(each,)) for each in opened]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    return sum(rates)


def _confirms(url: str, window: int) -> float:
    """Publish to a quorum queue, so many messages unconfirmed at a time."""
    sent = Sent()
    sent.link = link = Link(url, sent)
    link.open()

    def send_and_wait() -> None:
        while len(sent.unconfirmed) < window:
            link.publish("line.done", PAGE[:200])
            sent.unconfirmed.add(next(sent.tags))
        link.serve(PATIENCE)

    begun = time.perf_counter()
    per_second(send_and_wait)
    confirmed = next(sent.tags) - 1 - len(sent.unconfirmed)
    seconds = time.perf_counter() - begun
    link.close()
    return confirmed / seconds


class Sent:
    """The messages that the broker has not confirmed; it confirms one, or all up to one."""

    def __init__(self) -> None:
        self.link: Link
        self.tags = itertools.count(1)
        self.unconfirmed: set[int] = set()

    def confirmed(self, tag: int, *, up_to: bool) -> None:
        self.unconfirmed = {
            each for each in self.unconfirmed if each > tag or (each < tag and not up_to)
        }
        self.link.stir()

    def refused(self, tag: int, *, up_to: bool) -> None:
        raise RuntimeError(tag, up_to)
