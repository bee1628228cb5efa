"""Says that the broker is away, once for a whole process."""

import threading

import structlog

from schema.queue import said

log = structlog.get_logger()


class Outage:
    """Says once that the broker is away, whoever notices, and once that everybody has it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._without: set[object] = set()

    def note(self, who: object, error: BaseException) -> None:
        """Note that somebody has lost the broker."""
        with self._lock:
            if not self._without:
                log.warning("broker_gone", by="offers", reason=said(error))
            self._without.add(who)

    def over(self, who: object) -> None:
        """Note that somebody has a broker."""
        with self._lock:
            was_away = who in self._without
            self._without.discard(who)
            if was_away and not self._without:
                log.info("broker_answers_again", by="offers")
