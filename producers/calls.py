"""Calls on an operation by its id, over HTTP and by hand; they are never CloudEvents."""

from datetime import timedelta

from producers.intake import PATIENCE, SYSTEM, too_late
from schema.errors import Refusal, Refused
from schema.ids import key_of
from schema.queue import Offer
from schema.store.cancels import Cancel
from schema.store.order import Accepted
from schema.store.retries import Retry
from schema.store.writer import Writer


class Calls:
    """Does what a person asks of one operation."""

    def __init__(self, writer: Writer, offer: Offer, *, patience: timedelta = PATIENCE) -> None:
        self._writer = writer
        self._offer = offer
        self._patience = patience

    def cancel(self, public: str, actor: str = SYSTEM) -> Accepted:
        """Cancel the operation `op_...`, or ask its worker to undo it.

        Raises `NotFound`, `Refused` (409), `NotStored` or `Unanswered`.
        """
        return self._ask(Cancel(key_of("op", public), actor))

    def retry(self, public: str, actor: str = SYSTEM) -> Accepted:
        """Continue the parked operation `op_...` with its next cycle.

        Raises `NotFound`, `Refused` (409), `NotStored` or `Unanswered`.
        """
        return self._ask(Retry(key_of("op", public), actor))

    def _ask(self, record: Cancel | Retry) -> Accepted:
        """Store what is asked, and offer the operation where a worker has to look at it."""
        try:
            answer: Accepted | Refusal = self._writer.store(
                record, self._patience.total_seconds(), load=1
            )
        except TimeoutError as error:
            raise too_late() from error
        if isinstance(answer, Refusal):
            raise Refused(answer)
        if answer.is_due:
            self._offer(answer.product, [answer.operation])
        return answer
