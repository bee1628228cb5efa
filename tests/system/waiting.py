"""The one place where these tests let real time pass: they look again and again, and not for ever."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: How long anything may take on a busy machine, in seconds, unless a test is about less.
PATIENCE = 60.0

#: Between two looks, in seconds.
PAUSE = 0.02


class WaitedInVain(AssertionError):
    """Raised when something that was waited for did not come about in time."""


def until(look: Callable[[], T], what: str, within: float = PATIENCE, pause: float = PAUSE) -> T:
    """Return the first answer of `look` that is true, or raise `WaitedInVain`."""
    never = threading.Event()
    end = time.monotonic() + within
    while not (found := look()):
        if time.monotonic() > end:
            raise WaitedInVain(f"after {within:.0f} s still not: {what}")
        never.wait(pause)
    return found


def rest(seconds: float) -> None:
    """Let so much real time pass: for load and faults that come at times, never for a result."""
    threading.Event().wait(seconds)
