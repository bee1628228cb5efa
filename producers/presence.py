"""Shows that a process lives which leases nothing: a row among the workers, renewed until it ends."""

import socket
import threading
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import timedelta
from typing import Any, Self

from schema.errors import NotStored
from schema.store.leases import Boot, Renew, Resign
from schema.store.stillness import in_step
from schema.store.writer import Record, Writer

#: The roles that show it so; a relay does while it has no broker, and holds nothing then.
API, INTAKE, WAITING_RELAY = "api", "intake", "relay without broker"

#: A row is renewed this often in its length, so that one renewal may fail.
RENEWALS = 3


class Presence:
    """A row with a role, kept from `start` to `stop` on a thread of its own."""

    def __init__(self, writer: Writer, role: str, length: timedelta) -> None:
        self._writer = writer
        self._role = role
        self._length = length
        self._row: int | None = None
        self._stopped: Future[None] = Future()
        self._thread = threading.Thread(target=self._keep, name=f"presence {role}", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to show it."""
        self._thread.start()

    def stop(self) -> None:
        """Show it no longer; a database that is away is not waited for."""
        self._stopped.set_result(None)
        self._thread.join()
        if self._row is not None:
            self._writer.submit([Resign(self._row)])

    def _keep(self) -> None:
        """Show it again and again."""
        pause = self._length.total_seconds() / RENEWALS
        while not self._stopped.done():
            self._show()
            wait((self._stopped,), in_step(pause))

    def _show(self) -> None:
        """Begin a row, or prolong it; who finds it gone begins another."""
        record: Record = Renew(self._row or 0, self._length)
        if self._row is None:
            record = Boot(self._role, socket.gethostname(), {}, self._length)
        asked = self._writer.submit([record])
        either: tuple[Future[Any], ...] = (asked, self._stopped)
        wait(either, return_when=FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            return
        (answer,) = asked.result()
        if isinstance(answer, NotStored):
            return
        if self._row is None:
            self._row = answer
        elif not answer:
            self._row = None
