"""Says that the broker is away, once for a whole process."""

import re
import threading

import structlog

log = structlog.get_logger()

#: What a broker says when it lets nobody in, inside the words of its client.
REFUSED = re.compile(r"\(\d+\) '([A-Z_]+ - [^']*)'")


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


def said(error: BaseException) -> str:
    """Return what went wrong in one line; the client of RabbitMQ wraps it several times."""
    cause = error
    while cause.args and isinstance(cause.args[0], BaseException):
        cause = cause.args[0]
    cause = getattr(cause, "exception", cause)
    if found := REFUSED.search(str(cause)):
        return found[1]
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause).strip().split("\n", 1)[0] or type(cause).__name__
