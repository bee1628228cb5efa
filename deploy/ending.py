"""How a process ends: when it is asked to, or when a part without which it cannot work has ended."""

import signal
import threading
from collections.abc import Callable

import structlog

log = structlog.get_logger()

#: How often it is looked whether a part still is on its way, in seconds.
GLANCE = 0.5

#: How long the thread of a part may take beyond what the work in flight gets, in seconds.
BEYOND = 2.0


class Ending:
    """Says that the process is to end, and how it has: 0 in order, 1 where something broke or was left."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.exit_code = 0
        #: The role that has started, if one has.
        self.role = ""
        #: How many operations others can go on with at once, and how many when the lease has lapsed.
        self.handed_over = self.left = 0

    def listen(self) -> None:
        """End on an interrupt or a request to end; only the main thread may ask for that."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # A handler runs inside whatever it interrupts, and must not wait for a lock held there.
                signal.signal(number, lambda *_: _set_on_a_thread(self.stop))

    def fail(self, part: str, reason: str) -> None:
        """End the process because a part of it has, so that whoever started it starts it again."""
        log.error("process_broken", part=part, reason=reason)
        self.exit_code = 1
        self.stop.set()

    def leave(self, operations: int) -> None:
        """Note that operations were left in the middle of their steps."""
        self.left += operations
        self.exit_code = 1 if self.left else self.exit_code


class Part:
    """A thread without which the process cannot work; `stop` makes `work` return."""

    def __init__(
        self, name: str, work: Callable[[], None], stop: Callable[[], None], ending: Ending
    ) -> None:
        self._name = name
        self._work = work
        self._stop = stop
        self._ending = ending
        self._is_to_end = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def start_until(self, is_ready: threading.Event) -> bool:
        """Begin to work, and return True once it does, or False where the process is to end before."""
        self.start()
        while not is_ready.wait(GLANCE) and not self._ending.stop.is_set():
            pass
        return not self._ending.stop.is_set()

    def ask_to_end(self) -> None:
        """Let it come to its end."""
        self._is_to_end = True
        self._stop()

    def join(self, within: float) -> None:
        """Wait for its end, so many seconds at most; then it is left behind."""
        if self._thread.ident is None:
            return
        self._thread.join(within)
        if self._thread.is_alive():
            log.warning("part_left", part=self._name, seconds=within)
            self._ending.exit_code = 1

    def _run(self) -> None:
        """Work, and end the whole process where that ends by itself."""
        try:
            self._work()
        except Exception as error:
            log.exception("part_died", part=self._name)
            self._ending.fail(self._name, type(error).__name__)
        else:
            if not self._is_to_end:
                self._ending.fail(self._name, "it has ended by itself")


def _set_on_a_thread(event: threading.Event) -> None:
    """Set an event without waiting for its lock here."""
    threading.Thread(target=event.set, daemon=True).start()
