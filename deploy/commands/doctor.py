"""`turnup doctor`: everything that a person looks at first when something does not work."""

import stat
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta

from rich.text import Text

from deploy.commands.reach import Finding, broker, platforms
from deploy.display.screen import print_json, print_table, say
from deploy.display.words import length, moment, state
from deploy.keys import key_file, load_keys
from deploy.opening import is_of_a_run
from deploy.settings import Settings, read_settings
from deploy.shown import masked, unknown
from schema.errors import TurnupError
from schema.ids import public_id
from schema.store.database import Database, is_safe_beside_others, sqlite_module
from schema.store.dialect import SQLITE
from schema.store.leases import WAKER
from schema.store.moments import moment as when
from schema.store.outbox import RELAY
from schema.store.pauses import paused_products
from schema.store.versions import HEAD, check
from schema.store.vitals import (
    Living,
    clock_times,
    latency,
    living_workers,
    server_version,
    waits_longest,
)

#: So long an operation may be due before somebody should have taken it: an offer is made again sooner.
PROMPT = timedelta(seconds=10)


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
        print_json({"settings": masked(settings), "findings": found})
    else:
        values = [
            (name, value or Text("not set", "dim")) for name, value in masked(settings).items()
        ]
        print_table(("setting", "value"), values)
        say("")
        rows = [(each.what, state(each.state), each.told) for each in findings]
        print_table(("looked at", "state", "found"), rows)
    return int(any(each.state == "wrong" for each in findings))


def _findings(settings: Settings, database: Database) -> Iterator[Finding]:
    """Yield what each look found; what does not work stops no other look."""
    for line in unknown(settings):
        yield Finding("settings", "warning", line)
    for what, look in (
        ("database", _database),
        ("work", _work),
        ("keys", _keys),
    ):
        try:
            yield from look(settings, database)
        except (TurnupError, OSError) as error:
            if look is not _work:  # what is wrong with the database has been told
                yield Finding(what, "wrong", str(error))
    yield from broker(settings)
    if not is_of_a_run(database):
        yield from platforms(settings)
    if database.dialect == SQLITE:
        yield _library()


def _database(_settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the database and its clock."""
    check(database)
    with database.look() as connection:
        version, took = server_version(connection), latency(connection)
        answers = f"answers in {took / timedelta(milliseconds=1):.2f} ms"
        told = f"{database.dialect} {version}, {answers}, its tables are {HEAD}"
        yield Finding("database", "ok", told)
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
    """Look who works on the database, who is missing, and what nobody takes."""
    if is_of_a_run(database):
        return
    check(database)
    with database.look() as connection:
        living, longest = living_workers(connection), waits_longest(connection)
        paused = paused_products(connection)
    for each in living:
        rooms = ", ".join(f"{room} of {name}" for name, room in each.rooms.items())
        told = f"on {each.host} since {moment(each.booted_at)}"
        yield Finding(each.role, "ok", f"{told}, room for {rooms}" if rooms else told)
    yield from _missing(settings, living)
    for name, pause in paused.items():
        told = f"{name} is paused since {moment(pause.since)} by {pause.by}"
        why = f": {pause.why}" if pause.why else ""
        yield Finding("paused", "warning", f"{told}{why}; deadlines go on: turnup resume {name}")
    if longest is None:
        yield Finding("due", "ok", "nothing is due that nobody has taken")
        return
    operation, age = longest
    told = f"{public_id('op', operation)} has been due for {length(age)}, and nobody has taken it"
    yield Finding("due", "ok" if age < PROMPT else "warning", told)


def _missing(settings: Settings, living: Sequence[Living]) -> Iterator[Finding]:
    """Yield which roles nobody plays, and what to start."""

    def start(role: str) -> str:
        return "start turnup serve" if settings.is_embedded else f"start turnup {role}"

    roles = {each.role for each in living}
    if WAKER not in roles:
        told = f"nobody looks at what is due, at deadlines and at dead workers: {start(WAKER)}"
        yield Finding(WAKER, "wrong", told)
    served = {name for each in living for name in each.rooms}
    for name in settings.products:
        if name not in served:
            told = f"nobody carries out operations of {name}: {start('worker')}"
            yield Finding("worker", "wrong", told)
    if RELAY not in roles and not settings.is_embedded:
        yield Finding(RELAY, "wrong", f"nobody sends events: {start(RELAY)}")


def _keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look at the keys, and at who may read them."""
    is_new = database.dialect == SQLITE and not database.path.exists()
    if is_new and settings.secret_keys is None and not key_file(database).exists():
        yield Finding("keys", "ok", "the key is made with the database: turnup db upgrade")
        return
    keys = load_keys(settings, database)
    is_from_file = settings.secret_keys is None
    source = str(key_file(database)) if is_from_file else "TURNUP_SECRET_KEYS"
    yield Finding("keys", "ok", f"{', '.join(key.id for key in keys)} from {source}")
    if is_from_file and key_file(database).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("keys", "warning", f"others may read {source}: chmod 600 {source}")


def _library() -> Finding:
    """Look whether this SQLite has the WAL-reset bug (PITFALLS 3.10)."""
    version = sqlite_module().sqlite_version
    if is_safe_beside_others():
        return Finding("sqlite", "ok", f"library {version}, without the WAL-reset bug")
    told = f"library {version} has the WAL-reset bug: only one process may write at a time"
    return Finding("sqlite", "warning", told)
