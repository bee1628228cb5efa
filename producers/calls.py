"""Calls on an operation by its id, over HTTP and by hand; they are never CloudEvents."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from producers.intake import PATIENCE, too_late
from producers.reading import no_product
from schema.asker import SYSTEM
from schema.errors import NotFound, Refusal, Refused
from schema.ids import key_of
from schema.lifecycle import Product
from schema.queue import Offer
from schema.store.cancels import Cancel
from schema.store.order import Accepted
from schema.store.retries import Retry
from schema.store.writer import Record, Writer


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
        return self.ask(Cancel(key_of("op", public), actor))

    def retry(self, public: str, actor: str = SYSTEM) -> Accepted:
        """Continue the parked operation `op_...` with its next cycle.

        Raises `NotFound`, `Refused` (409), `NotStored` or `Unanswered`.
        """
        return self.ask(Retry(key_of("op", public), actor))

    def ask(self, record: Record) -> Accepted:
        """Store what is asked, and offer the operation where a worker has to look at it; raise as `cancel` does."""
        answer: Accepted = self.store(record)
        if answer.is_due:
            self._offer(answer.product, [answer.operation])
        return answer

    def store(self, record: Record) -> Any:  # noqa: ANN401  each kind answers its own
        """Store what is asked, and return the answer; raise as `cancel` does."""
        try:
            answer = self._writer.store(record, self._patience.total_seconds(), load=1)
        except TimeoutError as error:
            raise too_late() from error
        if isinstance(answer, Refusal):
            raise Refused(answer)
        return answer


def product_named(products: Mapping[str, Product], name: str) -> Product:
    """Return a product by its name, or raise `NotFound`."""
    found = products.get(name)
    if found is None:
        raise NotFound(no_product(name, products))
    return found
