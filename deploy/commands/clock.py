"""`turnup clock`: looking at business time, and moving it where it is movable (DESIGN idea 10)."""

import re
import time
from datetime import UTC, datetime, timedelta

from deploy.commands.session import reading, writing
from deploy.display.screen import print_json, say, warn
from deploy.display.words import length, moment
from deploy.kinds import read_length
from schema.command import rfc3339
from schema.errors import Refusal, Refused
from schema.store.clock import MoveTime, Times
from schema.store.database import Database
from schema.store.moments import moment as when
from schema.store.vitals import clock_times, living_workers
from schema.store.waking import Quiet, quiet
from schema.store.writer import Writer

#: How long the workers may take with what is due before time moves on, and how often to look.
PATIENCE = timedelta(seconds=60)
PAUSE = 0.05

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)")


def show(*, as_json: bool) -> None:
    """Print business time and what kind of clock it is."""
    with reading() as session, session.database.look() as connection:
        _print(clock_times(connection), as_json=as_json)


def skip(written: str, *, as_json: bool) -> None:
    """Move business time by a length, through every due time on the way."""
    try:
        span = read_length(written)
    except ValueError as error:
        raise Refused(Refusal("invalid", 422, str(error))) from error
    _move(span, as_json=as_json)


def set_to(written: str, *, as_json: bool) -> None:
    """Move business time to a moment, through every due time on the way."""
    _move(_read_moment(written), as_json=as_json)


def _read_moment(written: str) -> datetime:
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
            times, workers = clock_times(connection), living_workers(connection)
        now = when(times.business)
        target = now + to if isinstance(to, timedelta) else to
        _require_movable(times, now, target)
        if any(each.role == "worker" for each in workers):
            _walk(session.database, writer, target, is_standing=times.is_standing)
        else:
            warn("no worker is alive: time moves in one step, and what is due waits for one")
            _step(writer, target, None, is_standing=times.is_standing)
        with session.database.look() as connection:
            _print(clock_times(connection), as_json=as_json)


def _require_movable(times: Times, now: datetime, target: datetime) -> None:
    """Raise `Refused` where time cannot be moved there."""
    if not times.is_movable:
        detail = "the clock of this database is fixed; a movable one is chosen when it is made"
        raise Refused(Refusal("clock_fixed", 409, detail))
    if target < now:
        detail = f"time does not go back: it is {rfc3339(now)}, and {rfc3339(target)} is over"
        raise Refused(Refusal("clock_goes_on", 409, detail))


def _walk(database: Database, writer: Writer, target: datetime, *, is_standing: bool) -> None:
    """Move to each due time up to the target, and let the workers finish in between."""
    while True:
        found = _settled(database)
        to = min(found.next_due or target, target)
        if to > found.now:
            _step(writer, to, found.now if is_standing else None, is_standing=is_standing)
        if to == target:
            _settled(database)
            return


def _settled(database: Database) -> Quiet:
    """Return how things are once nothing is due any more."""
    until = time.monotonic() + PATIENCE.total_seconds()
    while True:
        with database.look() as connection:
            found = quiet(connection)
        if found.is_quiet:
            return found
        if time.monotonic() > until:
            detail = f"the workers did not finish within {length(PATIENCE)}; it is {found.now}"
            raise Refused(Refusal("busy", 409, detail))
        time.sleep(PAUSE)


def _step(writer: Writer, to: datetime, since: datetime | None, *, is_standing: bool) -> None:
    """Move the clock once; raise `Refused` where somebody else moved it meanwhile."""
    if not writer.store(MoveTime(to, since, stands=is_standing), PATIENCE.total_seconds()):
        raise Refused(Refusal("clock_moved", 409, "somebody else moved the time meanwhile"))


def _print(times: Times, *, as_json: bool) -> None:
    """Print business time."""
    kind = "movable" if times.is_movable else "fixed"
    going = "stands" if times.is_standing else "runs"
    if as_json:
        now = rfc3339(when(times.business))
        print_json({"now": now, "movable": times.is_movable, "standing": times.is_standing})
        return
    ahead = timedelta(milliseconds=times.business - times.lease)
    apart = ""
    if abs(ahead) >= timedelta(seconds=1):
        apart = f", {length(abs(ahead))} {'ahead' if ahead > timedelta(0) else 'behind'}"
    say(f"{moment(when(times.business))}  business time, {kind}, {going}{apart}")
