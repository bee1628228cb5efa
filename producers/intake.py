"""Intake: the one door behind all doors.

Events are read, then decided about and stored in one transaction, then answered; the answer goes out after the
commit. `Intake.take` is the conversation with the writer: it yields each future that it waits for, so that a thread
(`Intake.accept`) and an event loop (`producers.http`) share all of it.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat, zip_longest
from typing import Any, cast

from producers.reading import Reader
from schema.asker import ANYBODY, Asker
from schema.errors import NotStored, Refusal, Refused, Unanswered
from schema.lifecycle import Product
from schema.queue import OFFER_SIZE, Offer
from schema.sealing import Sealer
from schema.store.acceptance import Accept
from schema.store.customers import ChangeCustomer, Standing
from schema.store.order import Accepted, Order, Planned
from schema.store.writer import Writer, wait_for

#: The most events in one acceptance: they are one transaction, in which nobody else gets in.
MOST_EVENTS = 10_000

#: How long a door waits for the writer before it says that the database does not answer.
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class CustomerStored:
    """What became of a customer's record; `changed` is False where this version or a newer one is known."""

    customer: str
    version: int
    changed: bool
    advice: str | None = None


Answer = Accepted | Planned | CustomerStored | Refusal

Taking = Generator["Future[list[Any]]", list[Any], list[Answer]]


class Intake:
    """Takes commands and customers' records from every door."""

    def __init__(
        self,
        writer: Writer,
        products: Mapping[str, Product],
        offer: Offer,
        sealer: Sealer,
        *,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._writer = writer
        self._reader = Reader(products, sealer)
        self._offer = offer
        self.patience = patience

    def accept(
        self, events: Sequence[object], *, asker: Asker | Sequence[Asker] = ANYBODY
    ) -> list[Answer]:
        """Return an answer for each event (a parsed JSON value), in order, and offer what can begin.

        One asks for all of them, or one for each.
        Raises `StoreFull`, `NotTaken` or another `NotStored` where the batch was refused, and `Unanswered` where
        the database did not answer in time: then the batch may yet be stored, and asking again is safe.
        """
        answers = self._converse(self.take(events, asker=asker))
        self.offer(answers)
        return answers

    def take(self, events: Sequence[object], *, asker: Asker | Sequence[Asker] = ANYBODY) -> Taking:
        """Yield each future of the writer, expect its result, and return the answers; nothing is offered.

        Customers are committed before the commands that may name them are handed over.
        """
        if len(events) > MOST_EVENTS:
            raise Refused(Refusal("too_many", 413, f"at most {MOST_EVENTS} events at a time"))
        askers = repeat(asker, len(events)) if isinstance(asker, Asker) else asker
        read = list(map(self._reader.read, events, askers))
        changes = [each for each in read if isinstance(each, ChangeCustomer)]
        orders = tuple(each for each in read if isinstance(each, Order))
        submit = self._writer.submit
        kept = _all_stored((yield submit(changes, len(changes)))) if changes else []
        accepting = [Accept(orders)]
        (taken,) = _all_stored((yield submit(accepting, len(orders)))) if orders else ([],)
        of_customers, of_orders = iter(kept), iter(taken)
        answers: list[Answer] = []
        for each in read:
            match each:
                case Order():
                    answers.append(next(of_orders))
                case ChangeCustomer():
                    answers.append(_kept(each, next(of_customers)))
                case _:
                    answers.append(each)
        return answers

    def _converse(self, taking: Taking) -> list[Answer]:
        """Wait for the writer in this thread, as often as it has to be asked."""
        try:
            waited_for = next(taking)
            while True:
                waited_for = taking.send(wait_for(waited_for, self.patience.total_seconds()))
        except StopIteration as done:
            return cast("list[Answer]", done.value)
        except TimeoutError as error:
            raise too_late() from error

    def offer(self, answers: Sequence[Answer]) -> None:
        """Offer the operations that can begin now; bulk is left to the waker, which takes customers in turn."""
        if len(answers) > OFFER_SIZE:
            return
        due: dict[str, list[int]] = {}
        for each in answers:
            if isinstance(each, Accepted) and each.is_due:
                due.setdefault(each.product, []).append(each.operation)
        for product, operations in due.items():
            self._offer(product, operations)

    def offer_together(self, accepted: Iterable[Sequence[Answer]]) -> None:
        """Offer what came at once: single commands as one, customers in turn, so that a flood of one hides no other."""
        by_customer: dict[str | None, list[Answer]] = {}
        for answers in accepted:
            if len(answers) == 1:
                by_customer.setdefault(_customer_of(answers[0]), []).append(answers[0])
            else:
                self.offer(answers)
        turns = zip_longest(*by_customer.values())
        singles = [each for turn in turns for each in turn if each]
        for start in range(0, len(singles), OFFER_SIZE):
            self.offer(singles[start : start + OFFER_SIZE])


def _kept(change: ChangeCustomer, standing: Standing) -> CustomerStored:
    """Return what became of a customer's record, and what stands in its place where that says something else."""
    version, advice = change.record.version, None
    if version < standing.version:
        advice = f"version {standing.version} stands; yours is older"
    elif not standing.is_same:
        advice = f"version {version} stands; yours has other content: give it a higher version"
    return CustomerStored(change.name, version, standing.changed, advice)


def _customer_of(answer: Answer) -> str | None:
    """Return the customer of a new operation."""
    if isinstance(answer, Accepted) and answer.opened:
        return answer.opened.order.customer
    return None


def too_late() -> Unanswered:
    """Return the error for a database that did not answer in time."""
    return Unanswered("the database did not answer in time; it may be done or not: ask again")


def _all_stored(answers: list[Any]) -> list[Any]:
    """Return the answers of records, or raise the first refusal of the database."""
    for each in answers:
        if isinstance(each, NotStored):
            raise each
    return answers
