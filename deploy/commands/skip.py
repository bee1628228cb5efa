"""`turnup clock skip` and `set`: business time moves, through everything that is due on the way (DESIGN idea 10)."""

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from deploy.commands.clock import require_movable, tell
from deploy.commands.session import Session, writing
from deploy.day.pace import Bell, Standing, Vendors
from deploy.day.played import NO_SIMULATOR, Played, PlayedTime
from deploy.day.progress import Watch, one_line
from deploy.display.screen import warn
from deploy.display.words import length, moment
from deploy.kinds import read_length
from deploy.settings import Settings
from producers.queues import look_at_queues
from schema.command import rfc3339
from schema.errors import Refusal, Refused
from schema.store.clock import MoveTime, RunTime, Times
from schema.store.database import Database
from schema.store.leases import WORKER
from schema.store.moments import moment as when
from schema.store.vitals import clock_times, living_roles
from schema.store.writer import Writer

#: How long the workers may take with what is due before time moves on, and between two looks in seconds.
PATIENCE = timedelta(seconds=60)
PAUSE = 0.02

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")


def skip(written: str, *, as_json: bool) -> None:
    """Move business time by a length, through every due time on the way."""
    try:
        span = read_length(written)
    except ValueError as error:
        raise Refused(Refusal("invalid", 422, str(error))) from error
    _move(span, as_json=as_json)


def set_to(written: str, *, as_json: bool) -> None:
    """Move business time to a moment, through every due time on the way."""
    _move(read_moment(written), as_json=as_json)


@dataclass(frozen=True, slots=True)
class Beside:
    """What time is moved with, from beside the process that does the work."""

    database: Database
    writer: Writer
    stop: threading.Event = field(default_factory=threading.Event)


class Patience:
    """Waits a moment between two looks, and shows it; raises `Refused` where what is due takes too long."""

    def __init__(self, show: Watch) -> None:
        self._show = show
        self._until = 0.0
        self.renew()

    def renew(self) -> None:
        """Wait as long again."""
        self._until = time.monotonic() + PATIENCE.total_seconds()

    def __call__(self) -> None:
        """Wait a moment."""
        self._show()
        if time.monotonic() > self._until:
            detail = f"the workers did not finish within {length(PATIENCE)}, so time stops here"
            raise Refused(Refusal("busy", 409, f"{detail}: turnup list tells what is under way"))
        time.sleep(PAUSE)


class NoVendors:
    """Stands for vendors whose time is not ours to move."""

    def time(self) -> PlayedTime:
        """Return a time at which nothing is due."""
        return PlayedTime("", None, is_busy=False)

    def move(self, _now: str, _to: datetime) -> PlayedTime:
        """Move nothing."""
        return self.time()


def read_moment(written: str) -> datetime:
    """Return the moment that was written, which has a zone."""
    if RFC_3339.fullmatch(written):
        try:
            return datetime.fromisoformat(written.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    detail = f"{written!r} is no time; write for example 2026-05-29T10:00:00Z"
    raise Refused(Refusal("invalid", 422, detail))


def _move(to: datetime | timedelta, *, as_json: bool) -> None:
    """Move business time, and print where it is then."""
    with writing() as (session, writer):
        with session.database.look() as connection:
            times, roles = clock_times(connection), living_roles(connection)
        now = when(times.business)
        target = now + to if isinstance(to, timedelta) else to
        _require_ahead(times, now, target)
        with (
            _interrupted_in_order(),
            _standing(writer, session, times),
            _vendors(session.settings, now) as vendors,
        ):
            if WORKER in roles:
                with one_line(lambda: _told(session, target)) as show:
                    _walk(Beside(session.database, writer), vendors, target, show)
            else:
                warn("no worker is alive: time moves in one step, and what is due waits for one")
                _step(writer, max(target, _now(session.database)))
                vendors.move(vendors.time().now, target)
        with session.database.look() as connection:
            tell(clock_times(connection), as_json=as_json)


def _require_ahead(times: Times, now: datetime, target: datetime) -> None:
    """Raise `Refused` where time cannot be moved there."""
    require_movable(times)
    if target < now:
        detail = f"time does not go back: it is {rfc3339(now)}, and {rfc3339(target)} is over"
        raise Refused(Refusal("clock_goes_on", 409, detail))


@contextmanager
def _interrupted_in_order() -> Iterator[None]:
    """Take a request to end, or the end of the terminal, for an interrupt: time that ran has to run on."""

    def interrupt(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, interrupt)
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN  # nohup has said so
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _standing(writer: Writer, session: Session, times: Times) -> Iterator[None]:
    """Let time stand while the block moves it; one that ran runs on afterwards, whatever happens."""
    if times.is_standing:
        yield
        return
    try:
        _step(writer, _now(session.database))
        yield
    finally:
        writer.store(RunTime(), PATIENCE.total_seconds())


def _now(database: Database) -> datetime:
    """Return business time, rounded up so that it never goes back on its way to the writer."""
    with database.look() as connection:
        times = clock_times(connection)
    return (
        when(times.business) if times.is_standing else when(times.business) + timedelta(seconds=1)
    )


@contextmanager
def _vendors(settings: Settings, now: datetime) -> Iterator[Vendors]:
    """Give the simulated vendors, at the same time as we are; none where nobody plays them."""
    named = {each.url for each in settings.platforms.values() if each.url}
    with ExitStack() as stack:
        found: Vendors = NoVendors()
        for url in sorted(named) or [f"http://{settings.simulator_listen}"]:
            played = stack.enter_context(closing(Played(url)))
            try:
                told = played.time()
            except NO_SIMULATOR:
                continue
            try:
                played.move(told.now, now)
                found = played
            except Refused:
                warn("the simulator runs by this machine's clock: what it plays takes real time")
        yield found


def _told(session: Session, target: datetime) -> str:
    """Return what time it has come to, and how much is to be done before it goes on."""
    found, now = look_at_queues(session.database, ())
    count = sum(each.due.count + each.in_flight for each in found.values() if not each.is_paused)
    return f"{moment(now)}  {count} due or at work, on the way to {moment(target)}"


def _walk(beside: Beside, vendors: Vendors, target: datetime, show: Watch) -> None:
    """Move to each due time up to the target, and let workers and vendors finish in between."""
    patience = Patience(show)
    pace = Standing(beside, Bell(), vendors, patience)
    pace.settle()
    while pace.now < target:
        pace.go_on(target)
        show()
        patience.renew()
        pace.settle()


def _step(writer: Writer, to: datetime) -> None:
    """Move the clock once; raise `Refused` where somebody else moved it meanwhile."""
    if not writer.store(MoveTime(to), PATIENCE.total_seconds()):
        raise Refused(Refusal("clock_moved", 409, "somebody else moved the time meanwhile"))
