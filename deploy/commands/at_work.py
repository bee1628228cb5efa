"""What `turnup doctor` finds of the work: who does it, who is missing, and what waits for whom."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from deploy.commands.finding import Finding
from deploy.display.words import length, moment, since_when
from deploy.lock import holder
from deploy.settings import Settings
from producers.presence import API, INTAKE, WAITING_RELAY
from schema.ids import public_id
from schema.store.database import Database
from schema.store.dialect import SQLITE
from schema.store.leases import WAKER
from schema.store.outbox import RELAY
from schema.store.pauses import paused_products
from schema.store.reads import OperationFilter, Span, list_operations
from schema.store.troubles import Retrying, retrying
from schema.store.vitals import Living, living_workers, waits_longest
from schema.views import Operation

#: So long an operation may be due before somebody should have taken it: an offer is made again sooner.
PROMPT = timedelta(seconds=10)

#: Up to so many of what is parked are counted.
MOST = 100


def at_work(settings: Settings, database: Database) -> Iterator[Finding]:
    """Look who works on the database, who is missing, what is tried again, and what nobody takes."""
    with database.look() as connection:
        living, longest = living_workers(connection), waits_longest(connection)
        paused, tried = paused_products(connection), retrying(connection)
        parked = list_operations(connection, OperationFilter(parked=True), Span(MOST + 1))
    has_it = holder(database) if database.dialect == SQLITE else None
    is_left = database.dialect == SQLITE and has_it is None
    for each in living:
        yield _left(each) if is_left else _alive(each)
    yield from _missing(settings, living, has_it)
    for name, pause in paused.items():
        yield Finding("paused", "warning", f"{name} is paused {since_when(name, pause)}")
    yield from _retrying(tried)
    yield _due(longest)
    if parked:
        yield _parked(parked)


def _alive(each: Living) -> Finding:
    """Return that a process lives, and what it has room for."""
    rooms = ", ".join(f"{room} of {name}" for name, room in each.rooms.items())
    told = f"on {each.host} since {moment(each.booted_at)}"
    if each.role == WAITING_RELAY:
        return Finding(RELAY, "warning", f"{told}, waits for the broker, and sends nothing")
    return Finding(each.role, "ok", f"{told}, room for {rooms}" if rooms else told)


def _left(each: Living) -> Finding:
    """Return that a process has left its lease behind: nobody has the database."""
    told = f"its process is gone, though its lease has not lapsed: start turnup serve ({each.host})"
    return Finding(each.role, "wrong", told)


def _missing(settings: Settings, living: Sequence[Living], has_it: str | None) -> Iterator[Finding]:
    """Yield which roles nobody plays, and what to start, or who `has_it` and does not do it."""

    def start(role: str) -> str:
        if has_it:
            return f"{has_it} has the database, and stands still or cannot write: look into its log"
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
    if settings.is_embedded:
        return
    if not roles & {RELAY, WAITING_RELAY}:
        yield Finding(RELAY, "wrong", f"nobody sends events: {start(RELAY)}")
    if API not in roles:
        told = f"nobody takes requests and what platforms call back: {start(API)}"
        yield Finding(API, "wrong", told)
    if INTAKE not in roles:
        yield Finding(INTAKE, "warning", f"nobody takes commands by AMQP: {start(INTAKE)}")


def _retrying(tried: Mapping[str, Retrying]) -> Iterator[Finding]:
    """Yield how much is tried again because of its platform, and what that said last."""
    for name, each in sorted(tried.items()):
        least = "" if each.is_all else "at least "
        count = f"{least}{each.operations} {'operation is' if each.operations == 1 else 'operations are'}"
        told = f"{count} tried again because of {name}; at {moment(each.at)}: {each.said}"
        yield Finding("platform", "warning", told, name)


def _parked(parked: Sequence[Operation]) -> Finding:
    """Return how much is parked, newest first, and one of it."""
    count = f"{MOST} or more" if len(parked) > MOST else f"{len(parked)}"
    told = f"{count} parked for a person, such as {parked[-1].id}: turnup list --parked"
    return Finding("parked", "warning", told)


def _due(longest: tuple[int, timedelta] | None) -> Finding:
    """Return what has been due longest."""
    if longest is None:
        return Finding("due", "ok", "nothing is due that nobody has taken")
    operation, age = longest
    told = f"{public_id('op', operation)} has been due for {length(age)}, and nobody has taken it"
    return Finding("due", "ok" if age < PROMPT else "warning", told)
