"""Says once that something is away, and once that it is back."""

import structlog

log = structlog.get_logger()


class Outages:
    """What one doer has to do without at present."""

    def __init__(self, by: str) -> None:
        self._by = by
        self._now: set[str] = set()

    def note(self, name: str, reason: str) -> None:
        """Log that an outage began, unless it is known."""
        if name not in self._now:
            self._now.add(name)
            log.warning(name, by=self._by, reason=reason)

    def over(self, name: str, news: str) -> None:
        """Log that an outage is over, if there was one."""
        if name in self._now:
            self._now.discard(name)
            log.info(news, by=self._by)
