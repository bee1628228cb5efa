"""`turnup doctor`: everything that a person looks at first when something does not work."""

import socket
import ssl
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from deploy.display.screen import print_json, print_table, say
from deploy.display.words import length, moment, state
from deploy.keys import key_file, load_keys
from deploy.settings import Settings, read_settings
from schema.errors import TurnupError
from schema.store.database import Database, is_safe_beside_others, sqlite_module
from schema.store.dialect import SQLITE
from schema.store.moments import moment as when
from schema.store.versions import HEAD, check
from schema.store.vitals import clock_times, latency, living_workers, server_version

#: How a client of AMQP 0-9-1 begins, and the kind of frame that a broker answers with.
AMQP_GREETING = b"AMQP\x00\x00\x09\x01"
AMQP_METHOD = b"\x01"
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: Literal["ok", "warning", "wrong"]
    told: str


def doctor(*, as_json: bool) -> int:
    """Print the settings and every finding; return 1 where something is wrong."""
    settings = read_settings()
    database = Database(settings.database_url)
    try:
        findings = [*_findings(settings, database)]
    finally:
        database.close()
    if as_json:
        found = [asdict(each) for each in findings]
        print_json({"settings": settings.masked(), "findings": found})
    else:
        print_table(("setting", "value"), list(settings.masked().items()))
        say("")
        rows = [(each.what, state(each.state), each.told) for each in findings]
        print_table(("looked at", "state", "found"), rows)
    return int(any(each.state == "wrong" for each in findings))


def _findings(settings: Settings, database: Database) -> Iterator[Finding]:
    """Yield what each look found; what does not work stops no other look."""
    for line in settings.unknown():
        yield Finding("settings", "warning", line)
    for what, look in (
        ("database", _database),
        ("keys", _keys),
        ("broker", _broker),
    ):
        try:
            yield from look(settings, database)
        except (TurnupError, OSError) as error:
            yield Finding(what, "wrong", str(error))
    if database.dialect == SQLITE:
        yield _library()


def _database(_settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the database, its clock, and who works on it."""
    check(database)
    with database.look() as connection:
        version, took = server_version(connection), latency(connection)
        told = f"{database.dialect} {version}, {took / timedelta(milliseconds=1):.2f} ms, {HEAD}"
        yield Finding("database", "ok", told)
        times = clock_times(connection)
        kind = "movable" if times.is_movable else "fixed"
        going = "stands at" if times.is_standing else "runs, it is"
        yield Finding("clock", "ok", f"{kind}, {going} {moment(when(times.business))}")
        workers = living_workers(connection)
    if not workers:
        yield Finding("workers", "warning", "nobody is alive: start one with turnup serve")
    for each in workers:
        rooms = ", ".join(f"{name} {room}" for name, room in each.rooms.items())
        told = f"{each.role} on {each.host}, {length(each.lease_left)} left, {rooms}"
        yield Finding("workers", "ok", told.rstrip(", "))


def _keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the keys, and at who may read them."""
    keys = load_keys(settings, database)
    is_from_file = settings.secret_keys is None
    source = str(key_file(database)) if is_from_file else "TURNUP_SECRET_KEYS"
    yield Finding("keys", "ok", f"{', '.join(key.id for key in keys)} from {source}")
    if is_from_file and key_file(database).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("keys", "warning", f"others may read {source}: chmod 600 {source}")


def _broker(settings: Settings, _database: Database) -> Iterator[Finding]:
    """Look whether an AMQP broker answers; who may log in is not tried."""
    if settings.is_embedded:
        yield Finding("broker", "ok", "embedded")
        return
    parts = urlsplit(settings.broker_url)
    is_secret = parts.scheme == "amqps"
    place = (parts.hostname or "", parts.port or (5671 if is_secret else 5672))
    shown = f"{place[0]}:{place[1]}"
    try:
        with socket.create_connection(place, PATIENCE) as plain:
            answer = _greeted(plain, place[0] if is_secret else None)
    except OSError as error:
        yield Finding("broker", "wrong", f"{shown} does not answer: {error.strerror or error}")
        return
    if answer == AMQP_METHOD:
        yield Finding("broker", "ok", f"{shown} answers")
    else:
        yield Finding("broker", "wrong", f"{shown} answers, but speaks no AMQP 0-9-1")


def _greeted(plain: socket.socket, tls_host: str | None) -> bytes:
    """Return the first byte of the answer to a greeting."""
    if tls_host is None:
        plain.sendall(AMQP_GREETING)
        return plain.recv(1)
    with ssl.create_default_context().wrap_socket(plain, server_hostname=tls_host) as secret:
        secret.sendall(AMQP_GREETING)
        return secret.recv(1)


def _library() -> Finding:
    """Look whether this SQLite has the WAL-reset bug (PITFALLS 3.10)."""
    version = sqlite_module().sqlite_version
    if is_safe_beside_others():
        return Finding("sqlite", "ok", f"library {version}, without the WAL-reset bug")
    told = f"library {version} has the WAL-reset bug: only one process may write at a time"
    return Finding("sqlite", "warning", told)
