"""The end of what a command prints."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EDQUOT, EFBIG, EIO, ENOSPC

#: What a file says that takes no more.
NO_ROOM = frozenset({EDQUOT, EFBIG, EIO, ENOSPC})


@contextmanager
def all_written() -> Iterator[None]:
    """Write out what is in the buffer when the block has ended; a reader that has gone away is no fault.

    What the reader has no letters for is shown by a question mark.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        _forget()
        sys.stderr.write(f"turnup: the answer cannot be written: {error.strerror}\n")
        raise SystemExit(2) from None


def _forget() -> None:
    """Let the rest go nowhere: the interpreter would try again at its very end, and tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
