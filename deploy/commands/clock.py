"""`turnup clock show`, `run` and `stand`: business time, what kind of clock it is, and how it goes (DESIGN idea 10)."""

from datetime import timedelta

from deploy.commands.session import reading, writing
from deploy.display.screen import print_json, say
from deploy.display.words import length, moment
from schema.command import rfc3339
from schema.errors import Refusal, Refused
from schema.store.clock import MoveTime, RunTime, Times
from schema.store.moments import moment as when
from schema.store.vitals import clock_times

#: How long the database may take.
PATIENCE = timedelta(seconds=10)


def show(*, as_json: bool) -> None:
    """Print business time and what kind of clock it is."""
    with reading() as session, session.database.look() as connection:
        tell(clock_times(connection), as_json=as_json)


def run(*, as_json: bool) -> None:
    """Let business time run on from where it stands, and print it."""
    with writing() as (session, writer):
        with session.database.look() as connection:
            times = clock_times(connection)
        require_movable(times)
        writer.store(RunTime(), PATIENCE.total_seconds())
        with session.database.look() as connection:
            tell(clock_times(connection), as_json=as_json)


def stand(*, as_json: bool) -> None:
    """Let business time stand, from the next whole second on, and print it."""
    with writing() as (session, writer):
        with session.database.look() as connection:
            times = clock_times(connection)
        require_movable(times)
        if not times.is_standing:
            soon = when(times.business).replace(microsecond=0) + timedelta(seconds=1)
            writer.store(MoveTime(soon), PATIENCE.total_seconds())
        with session.database.look() as connection:
            tell(clock_times(connection), as_json=as_json)


def require_movable(times: Times) -> None:
    """Raise `Refused` where the clock is fixed."""
    if not times.is_movable:
        detail = (
            "the clock of this database is fixed; a movable one is chosen when the database is made: "
            "turnup db upgrade --movable-clock"
        )
        raise Refused(Refusal("clock_fixed", 409, detail))


def tell(times: Times, *, as_json: bool) -> None:
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
        side = "ahead of" if ahead > timedelta(0) else "behind"
        apart = f", {length(abs(ahead))} {side} this machine"
    say(f"{moment(when(times.business))}  business time, {kind}, {going}{apart}")
