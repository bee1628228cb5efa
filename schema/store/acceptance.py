"""Accepting commands: all that is decided about a batch of them, in the transaction that stores them.

The order of checks is DESIGN 6: customer, deduplication key, state table, busy. What needs no database was checked
before (`producers.intake`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schema.calendar import deadline
from schema.command import CUSTOMER_CHANGED, rfc3339
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Cell, Product, Verb, refusal_in
from schema.store.known import Held, known_commands, known_customers, known_services
from schema.store.moments import moment, stored
from schema.store.opening import Opened, Opening
from schema.store.order import Accepted, Answer, Order, Planned
from schema.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Accept:
    """Take these orders; answered with a list of answers in their order."""

    orders: tuple[Order, ...]

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Accept"]) -> list[list[Answer]]:
        """Decide about every order in turn, then store all that were taken."""
        desk = _Desk(transaction, [order for record in records for order in record.orders])
        answers = [[desk.decide(order) for order in record.orders] for record in records]
        desk.opening.store()
        return answers


class _Desk:
    """Decides about the orders of one transaction, each knowing what was decided before it."""

    def __init__(self, transaction: Transaction, orders: Sequence[Order]) -> None:
        self._transaction = transaction
        self._customers = known_customers(transaction, {order.customer for order in orders})
        self._services = known_services(
            transaction, {(order.customer, order.reference) for order in orders}
        )
        # After the services are held: whoever made one of them meanwhile has stored his command too.
        self._commands = known_commands(
            transaction, {(order.source, order.event_id) for order in orders}
        )
        self.opening = Opening(transaction, len(orders))

    def decide(self, order: Order) -> Answer:
        """Return what becomes of one order."""
        owner = self._customers.get(order.customer)
        if owner is None:
            detail = f"there is no customer {order.customer}; its record has to come first ({CUSTOMER_CHANGED})"
            return Refusal("unknown_customer", 404, detail)
        if known := self._commands.get((order.source, order.event_id)):
            return _repeat(order, *known)
        product = self._transaction.products[order.product]
        verb = product.verbs[order.verb]
        held = self._services.get((order.customer, order.reference))
        if refusal := _refusal(order, product, held):
            return refusal
        until = self._deadline(order, verb, owner)
        if isinstance(until, Refusal):
            return until
        is_already = held is not None and verb.takes.get(held.state) is Cell.ALREADY
        if order.is_dry_run:
            return Planned(until, is_already)
        return self._open(order, held, until, is_already=is_already)

    def _deadline(self, order: Order, verb: Verb, owner: Customer) -> datetime | Refusal:
        """Return until when the order has to be done: the rule's deadline, or the earlier one that it asks for."""
        start = max(moment(self._transaction.now), order.not_before or moment(0))
        rule = deadline(start, verb.limit, owner.calendar)
        asked = order.deadline
        if asked is None:
            return rule
        until = asked if isinstance(asked, datetime) else deadline(start, asked, owner.calendar)
        if start < until <= rule:
            return until
        fault = Fault(
            "/data/deadline", f"must lie after {rfc3339(start)} and no later than {rfc3339(rule)}"
        )
        return Refusal("invalid", 422, "the deadline cannot be kept", (fault,))

    def _open(
        self, order: Order, held: Held | None, until: datetime, *, is_already: bool
    ) -> Accepted:
        """Note what is to be stored for an order that is taken."""
        found = held or self._new_service(order)
        opened = self.opening.add(Opened(order, found, stored(until), is_already=is_already))
        self._commands[order.source, order.event_id] = (opened.key, order.content, order.product)
        if opened.is_due or opened.is_in_line:  # what starts later is in nobody's way yet (CO-13)
            found.under_way.append((opened.key, order.verb, stored(until)))
        return Accepted(opened.key, order.product, is_due=opened.is_due)

    def _new_service(self, order: Order) -> Held:
        """Note a service that this order makes."""
        made = self.opening.new_service(order)
        self._services[order.customer, order.reference] = made
        return made


def _repeat(order: Order, key: int, content: str, product: str) -> Answer:
    """Return the first operation of a command that came before; refuse other content under its key (I2)."""
    if content == order.content:
        return Accepted(key, product, is_repeat=True)
    detail = f"source and id belong to {public_id('op', key)}, which was asked with other content; choose a new id"
    return Refusal(
        "key_reused", 422, detail, (Fault("/id", detail),), {"operation": public_id("op", key)}
    )


def _refusal(order: Order, product: Product, held: Held | None) -> Refusal | None:
    """Return why the service's state or another operation forbids the order (CO-1, CO-8)."""
    verb = product.verbs[order.verb]
    if held is not None and held.product != order.product:
        detail = f"the reference belongs to a service of {held.product}"
        return Refusal("reference_taken", 409, detail, facts={"product": held.product})
    state = held.state if held else None
    is_busy = state is not None and verb.takes.get(state) is Cell.BUSY
    if not is_busy and (refusal := refusal_in(product, verb, state)):
        return refusal
    for key, other, until in held.under_way if held else ():
        if order.verb not in product.verbs[other].through:
            return _busy(product, state or NEW, public_id("op", key), other, moment(until))
    return refusal_in(product, verb, state)


def _busy(product: Product, state: str, operation: str, verb: str, until: datetime) -> Refusal:
    """Return the refusal that names the operation under way and until when it has time (CO-8)."""
    detail = f"{verb} {operation} is under way on this service until {rfc3339(until)} at the latest"
    facts = {
        "state": state,
        "allowed": list(product.allowed(state)),
        "operation": operation,
        "deadline": rfc3339(until),
    }
    return Refusal("busy", 409, detail, facts=facts)
