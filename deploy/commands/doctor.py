"""`turnup doctor`: everything that a person looks at first when something does not work."""

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta

from rich.text import Text

from deploy.commands.at_work import at_work
from deploy.commands.finding import Finding, without_contradictions
from deploy.commands.reach import broker, gateway, mail_server, platforms
from deploy.display.screen import print_json, print_table, say
from deploy.display.words import moment, state
from deploy.keys import given_keys, key_file, require_sealed_with, source_of
from deploy.lock import DatabaseOccupied, beside_others
from deploy.mark import require_newest
from deploy.opening import is_of_a_run
from deploy.settings import Settings, read_settings
from deploy.shown import masked
from deploy.slips import unknown
from schema.errors import StoreError, TurnupError, Unreachable
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.library import is_safe_beside_others, sqlite_module
from schema.store.moments import moment as when
from schema.store.versions import HEAD, check
from schema.store.vitals import clock_times, latency, server_version, try_to_write


def doctor(*, shows_settings: bool, as_json: bool) -> int:
    """Print every finding, and the settings where they are asked for; return 1 where something is wrong."""
    settings = read_settings()
    database = Database(settings.database_url, checkpoints=False)
    try:
        findings = without_contradictions([*_findings(settings, database)])
    finally:
        database.close()
    if as_json:
        found = [asdict(each) for each in findings]
        print_json({"settings": masked(settings), "findings": found})
    else:
        rows = [(each.what, state(each.state), each.told) for each in findings]
        print_table(("looked at", "state", "found"), rows)
        if shows_settings:
            _print_settings(settings)
    return int(any(each.state == "wrong" for each in findings))


def _print_settings(settings: Settings) -> None:
    """Print every setting with what holds."""
    say("")
    values = [(name, value or Text("not set", "dim")) for name, value in masked(settings).items()]
    print_table(("setting", "value"), values)


def _findings(settings: Settings, database: Database) -> Iterator[Finding]:
    """Yield what each look found; what does not work stops no other look."""
    for line in unknown(type(settings)):
        yield Finding("settings", "warning", line)
    looks = {"database": _database, "clock": _clock, "work": _work, "keys": _keys}
    for what, look in looks.items():
        try:
            yield from look(settings, database)
        except (TurnupError, OSError) as error:
            if look not in {_clock, _work}:  # what is wrong with the database has been told
                yield Finding(what, "wrong", str(error))
    yield from broker(settings)
    yield from mail_server(settings)
    yield from gateway(settings)
    if not is_of_a_run(database):
        yield from platforms(settings)
    if database.dialect == SQLITE:
        yield _library()


def _database(_settings: Settings, database: Database) -> Iterator[Finding]:
    """Look whether the database is ours, answers, and can be written to."""
    check(database)
    require_newest(database)
    with database.look() as connection:
        version, took = server_version(connection), latency(connection)
    answers = f"answers in {took / timedelta(milliseconds=1):.2f} ms"
    told = f"{database.dialect} {version}, {answers}, its tables are {HEAD}"
    try:
        with suppress(DatabaseOccupied), beside_others(database):
            try_to_write(database)
        yield Finding("database", "ok", told)
    except Unreachable as error:
        yield Finding("database", "wrong", str(error))


def _clock(_settings: Settings, database: Database) -> Iterator[Finding]:
    """Look whether business time runs, and what time it is."""
    check(database)
    with database.look() as connection:
        times = clock_times(connection)
    now = moment(when(times.business))
    if is_of_a_run(database):
        told = f"turnup run has left this database: time stands at {now}, and nobody works on it; "
        told += (
            "look at it with turnup list, and serve another: TURNUP_DATABASE_URL=sqlite:///serve.db"
        )
        yield Finding("clock", "warning", told)
    elif times.is_standing:
        told = f"time stands at {now}, and no deadline comes: let it run with turnup clock run"
        yield Finding("clock", "warning", told)
    else:
        told = f"{'movable; it runs' if times.is_movable else 'real time'}, it is {now}"
        yield Finding("clock", "ok", told)


def _work(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the work, where anybody has to do it."""
    if not is_of_a_run(database):
        check(database)
        yield from at_work(settings, database)


def _keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the keys, whether they are this database's, and who may read them."""
    is_new = database.dialect == SQLITE and not database.path.exists()
    if is_new and settings.secret_keys is None and not key_file(database).exists():
        yield Finding("keys", "ok", "the key is made with the database: turnup db upgrade")
        return
    keys = given_keys(settings, database)
    with suppress(StoreError):  # what is wrong with the database has been told
        check(database)
        require_sealed_with(keys, settings, database)
    source = source_of(settings, database)
    yield Finding("keys", "ok", f"{', '.join(key.id for key in keys)} from {source}")
    is_from_file = settings.secret_keys is None
    if is_from_file and key_file(database).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("keys", "warning", f"others may read {source}: chmod 600 {source}")


def _library() -> Finding:
    """Look whether this SQLite has the WAL-reset bug (PITFALLS 3.10)."""
    version = sqlite_module().sqlite_version
    if is_safe_beside_others():
        return Finding("sqlite", "ok", f"library {version}, without the WAL-reset bug")
    told = f"library {version} has the WAL-reset bug: only one process may write at a time"
    return Finding("sqlite", "warning", told)
