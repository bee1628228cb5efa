"""Says once that a platform fails, and once that it answers again; never a line for each call."""

import asyncio

import structlog

log = structlog.get_logger()

#: So many calls that fail one after the other are more than one that went wrong.
IN_A_ROW = 3

#: So long nothing may fail before it is said that a platform answers again, in seconds.
CALM = 10.0


class Health:
    """How the calls to one product's platform go; lives on one event loop."""

    def __init__(self, product: str, calm: float = CALM) -> None:
        self._product = product
        self._calm = calm
        self._failures = 0
        self._is_failing = False
        self._recovery: asyncio.TimerHandle | None = None

    def failed(self, error: Exception) -> None:
        """Note a call that failed for a reason which is not its own."""
        self._failures += 1
        if self._recovery:
            self._recovery.cancel()
            self._recovery = None
        if self._failures >= IN_A_ROW and not self._is_failing:
            self._is_failing = True
            log.warning("platform_failing", product=self._product, reason=str(error))

    def answered(self) -> None:
        """Note a call that was done, or refused for good."""
        self._failures = 0
        if self._is_failing and not self._recovery:
            loop = asyncio.get_running_loop()
            self._recovery = loop.call_later(self._calm, self._recovered)

    def _recovered(self) -> None:
        """Say that it is over."""
        self._is_failing, self._recovery = False, None
        log.info("platform_answers_again", product=self._product)
