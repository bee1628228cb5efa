"""What a process loads, and how often it looks for garbage: what stands when it begins to work stays until it ends."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: So many new objects are looked through at a time. With hundreds of operations in flight Python's own 700 had it look
#: through all of them, and now and then through every loaded module, for a quarter of the processor's time.
THRESHOLDS = 50_000, 20, 50


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage in what is loaded: it stays, and looking again and again takes a seventh of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without(name: str) -> Iterator[None]:
    """Let libraries that use another one only where it is there do without it, unless it has been loaded already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's own way to say that there is none
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def at_work() -> Iterator[None]:
    """Leave everything that has been loaded out of the search for garbage, and search less often."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
