"""`turnup clock show`: business time, and what kind of clock it is (DESIGN idea 10)."""

from datetime import timedelta

from deploy.commands.session import reading
from deploy.display.screen import print_json, say
from deploy.display.words import length, moment
from schema.command import rfc3339
from schema.store.clock import Times
from schema.store.moments import moment as when
from schema.store.vitals import clock_times


def show(*, as_json: bool) -> None:
    """Print business time and what kind of clock it is."""
    with reading() as session, session.database.look() as connection:
        tell(clock_times(connection), as_json=as_json)


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
