"""Leaving an operation as it is: to a newer version, or to its next claim."""

from datetime import timedelta

from schema.store.claimed import Claimed
from schema.store.journal import Recorded
from schema.store.moments import Pause

#: How long a version that lacks a step leaves the operation to others.
LEFT_PAUSE = timedelta(seconds=5)


def left(claimed: Claimed) -> Recorded:
    """Return the record that lets go of an operation which this version does not know how to go on with."""
    return Recorded(
        operation=claimed.id,
        owner=claimed.owner,
        epoch=claimed.epoch,
        turn=claimed.turn + 1,
        state="running" if claimed.begins == "yes" else claimed.state,
        step=claimed.step,
        undoing=claimed.undoing,
        attempt=claimed.attempt,
        cycle=claimed.cycle,
        reason=claimed.reason,
        wake_at=Pause(LEFT_PAUSE),
        seen=claimed.signals_seen,
    )


def given_back(claimed: Claimed) -> Recorded:
    """Return the record that takes a claim back, with the try that it has counted."""
    return left(claimed)._replace(tries=claimed.tries - 1, wake_at=claimed.now)
