"""Run one server and end it when the one who asked for it says so, or is gone.

`python guard.py DIRECTORY SIGNAL USER COMMAND...`: standard input is a pipe that nobody writes to.
When it is closed, by `stop` or by the death of the other side (even by `kill -9`), the server gets
SIGNAL; after a grace period whatever still works in DIRECTORY is killed. USER may be empty.
It reads /proc, so it works on Linux only.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

#: Seconds that a server has to end by itself.
GRACE = 20


def processes_in(directory: Path) -> list[int]:
    """The processes whose working directory is `directory` or lies in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink().is_relative_to(directory):
                    found.append(int(entry.name))
    return sorted(found)


def kill_all(directory: Path) -> None:
    """Kill whatever works in `directory`, and what it starts meanwhile."""
    while pids := processes_in(directory):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def main(directory: str, stop: str, user: str, *command: str) -> int:
    """Run `command` in `directory` until it ends or the other side is gone."""
    other_side = os.getppid()
    server = subprocess.Popen(
        command,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=user or None,
        extra_groups=[] if user else None,
    )

    def end_with_the_other_side() -> None:
        os.read(sys.stdin.fileno(), 1)
        server.send_signal(signal.Signals[stop])
        try:
            server.wait(GRACE)
        except subprocess.TimeoutExpired:
            server.kill()

    threading.Thread(target=end_with_the_other_side, daemon=True).start()
    code = server.wait()
    kill_all(Path(directory))
    if os.getppid() != other_side:
        # Whoever asked for it has died and will not clean up.
        shutil.rmtree(directory, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
