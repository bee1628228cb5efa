"""How much a relay has in hand, and how long it waits for what; plain numbers of time are seconds."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Pace:
    """The settings of a relay; tests use short ones."""

    #: The `source` of its events.
    source: str = "turnup"
    #: Events that are sent and unconfirmed at once.
    window: int = 1_000
    #: Events in one read.
    batch: int = 1_000
    #: How long its partitions are its own without a word from it.
    lease: timedelta = timedelta(seconds=15)
    #: Between two reads while events come, and when none came.
    busy: float = 0.05
    idle: float = 0.25
    #: Between two reads at the least, however often it is woken.
    breath: float = 0.01
    #: A broker that answers nothing for so long is left.
    confirm: float = 30.0
    #: How long it passes over what only a newer relay can send, before it looks whether that has gone.
    forget: float = 60.0
    #: Before it sends again what was refused, and before the first and any later connection.
    retry: float = 0.25
    retry_at_most: float = 5.0
    #: How long it waits for confirms and deletions when it stops.
    farewell: float = 5.0
