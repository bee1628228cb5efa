"""What happens when: drawn from a seed, so that a run can be repeated blow by blow.

A run is cut into phases. In a *mortal* phase processes die and the vendors ignore keys; in a
*zombie* phase processes are stopped, some beyond their lease, and keys are honoured: against a
sleeper that wakes up in the middle of a call only the vendor's memory helps (DESIGN I3).
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

Kind = Literal["phase", "kill", "freeze", "server", "fault"]

#: How long a phase lasts, in seconds.
PHASE = 15.0

#: How long nothing begins at the end of a phase, so that every sleeper is awake in the next one.
CALM = 3.0

#: The processes that die and sleep. The vendors' machine does not: it is the witness.
MORTALS = ("worker-1", "worker-2", "relay", "waker", "api", "intake")

#: How servers go away: in order, or like a machine that loses its power.
ENDS = ("restart", "kill")

#: Whose platforms are at fault.
PRODUCTS = ("cloud_pbx", "mobile_line")

#: In how many phases the database goes away, of those in which the broker stays.
POSTGRES_AWAY = 0.7

#: What `POST /faults` gets: each is met so often and is over then, or with the phase.
FAULTS: tuple[Mapping[str, object], ...] = (
    {"fault": "lost_reply", "count": 10},
    {"fault": "lost_reply", "value": 504, "count": 10},
    {"fault": "outage", "count": 20},
    {"fault": "outage", "value": 503, "count": 20},
    {"fault": "error_rate", "value": 0.5, "count": 20},
    {"fault": "throttle", "value": 2.0, "count": 10},
    {"fault": "latency", "value": 1.0, "count": 40},
    {"fault": "slow", "value": "20m", "count": 3},
    {"fault": "duplicate_callback", "value": 30.0, "count": 20},
    {"fault": "reorder_callbacks", "value": 60.0, "count": 10},
    {"fault": "late_callback", "value": 90.0, "count": 10},
)

#: What a vendor refuses for good before there is no way back.
REFUSED: Mapping[str, Mapping[str, object]] = {
    "cloud_pbx": {
        "fault": "refuse",
        "value": "no_room",
        "count": 3,
        "action": "switch_on_instances",
    },
    "mobile_line": {"fault": "refuse", "value": "no_stock", "count": 3, "action": "download_order"},
}

#: In every phase: so slow that there is always something under way when a blow falls.
ALWAYS: Mapping[str, object] = {"fault": "latency", "value": 0.2}

#: In mortal phases: whoever does not ask what became of a call acts twice.
MORTAL: tuple[Mapping[str, object], ...] = (
    {"fault": "no_idempotency"},
    {"fault": "lost_reply", "count": 10},
)

#: So short that the worker does not notice, or beyond the lease of `fleet.BRISK`, in seconds.
SHORT, LONG = (0.3, 1.5), (4.5, 7.0)


@dataclass(frozen=True)
class Blow:
    """One thing that happens `at` so many seconds after the start, and how long it lasts."""

    at: float
    kind: Kind
    target: str
    how: Any = None
    lasts: float = 0.0

    def __str__(self) -> str:
        """Return it as one line of the run's output."""
        told = self.how
        if isinstance(told, dict):
            told = " ".join(map(str, told.values()))
        lasts = f" for {self.lasts:.1f} s" if self.lasts else ""
        return f"{self.at:6.1f} s  {self.kind} {self.target} {told or ''}{lasts}"


def schedule(seed: int, seconds: float) -> list[Blow]:
    """Return all blows of a run in order; the same for the same seed and length."""
    blows: list[Blow] = []
    for number in count():
        start, end = number * PHASE, min((number + 1) * PHASE, seconds)
        if end - start < CALM:
            return blows
        drawn = random.Random(f"{seed}:{number}")  # noqa: S311  it has to be the same again
        is_mortal = (seed + number) % 2 == 0
        blows.append(Blow(start, "phase", "mortal" if is_mortal else "zombie"))
        found = [*_phase(drawn, start, end, is_mortal=is_mortal), *_away(drawn, start, number)]
        blows += sorted(found, key=lambda each: each.at)
    raise AssertionError


def _phase(drawn: random.Random, start: float, end: float, *, is_mortal: bool) -> Iterator[Blow]:
    """Yield the blows of one phase: faults all the time, and deaths or sleep."""
    last = end - CALM
    for product in PRODUCTS * 3:
        fault = drawn.choice((*FAULTS, REFUSED[product]))
        yield Blow(drawn.uniform(start, last), "fault", product, fault)
    free = dict.fromkeys(MORTALS, start)
    for _ in range(5):
        target = drawn.choice(MORTALS)
        at = drawn.uniform(start, last)
        lasts = drawn.uniform(*drawn.choice((SHORT, LONG)))
        if at >= free[target]:
            free[target] = at + lasts
            kind: Kind = "kill" if is_mortal else "freeze"
            yield Blow(at, kind, target, None, lasts if is_mortal else min(lasts, end - at))


def _away(drawn: random.Random, start: float, number: int) -> Iterator[Blow]:
    """Yield which server goes away in a phase, early, as they are slow to come back: the broker once a minute."""
    if number % 4 == 1:
        yield Blow(start + drawn.uniform(0, CALM), "server", "rabbit", drawn.choice(ENDS))
    elif drawn.random() < POSTGRES_AWAY:
        yield Blow(start + drawn.uniform(0, PHASE - CALM), "server", "postgres", drawn.choice(ENDS))
