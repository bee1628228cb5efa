"""The end of what a command prints."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def all_written() -> Iterator[None]:
    """Write out what is in the buffer when the block has ended; a reader that has gone away is no fault."""
    try:
        yield
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # The interpreter would try again at its very end, and tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
