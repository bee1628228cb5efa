"""Accepting commands: all that is decided about a batch of them, in the transaction that stores them.

The order of checks is DESIGN 6: customer, who asks, deduplication key, state table, busy. What needs no database was
checked before (`producers.intake`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from schema.asker import is_admin, may, not_yours
from schema.calendar import deadline
from schema.command import CUSTOMER_CHANGED, rfc3339
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Cell, Product, Verb, refusal_in
from schema.store.confirmations import refuse_code
from schema.store.known import (
    Held,
    UnderWay,
    known_commands,
    known_customers,
    known_services,
)
from schema.store.moments import moment, stored
from schema.store.opening import Opened, Opening
from schema.store.order import Accepted, Answer, CodeAsked, Order, Planned
from schema.store.secrets import refuse_secret
from schema.store.superseding import Superseded, supersede
from schema.store.taking import Taking
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
        desk.store()
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
        self._taking = Taking(transaction, orders)
        self._opening = Opening(transaction, len(orders))
        self._superseded: list[Superseded] = []

    def store(self) -> None:
        """Store all that was taken."""
        self._opening.store()
        self._taking.store(self._customers)
        supersede(self._transaction, self._superseded)

    def decide(self, order: Order) -> Answer:
        """Return what becomes of one order."""
        owner = self._owner(order)
        if isinstance(owner, Refusal):
            return owner
        if known := self._commands.get((order.source, order.event_id)):
            return _repeat(order, *known)
        product = self._transaction.products[order.product]
        verb = product.verbs[order.verb]
        held = self._services.get((order.customer, order.reference))
        if refusal := _refusal(order, product, held) or self._lacking(order, held, owner):
            return refusal
        until = self._deadline(order, verb, owner)
        if isinstance(until, Refusal):
            return until
        is_already = held is not None and verb.takes.get(held.state) is Cell.ALREADY
        if order.is_dry_run:
            steps = () if is_already else verb.steps
            replaced = (
                [each for each in held.under_way if each.gives_way(product, order.verb)]
                if held
                else []
            )
            return Planned(until, is_already, steps, tuple(each.key for each in replaced))
        opened = self._open(order, held, until, is_already=is_already)
        if verb.confirmable and not is_already:
            told = CodeAsked(len(owner.admins), is_admin(order.asker, owner))
            opened = replace(opened, code=told)
        return opened

    def _owner(self, order: Order) -> Customer | Refusal:
        """Return the customer, for whom this asker may ask (CO-7)."""
        owner = self._customers.get(order.customer)
        if owner is None:
            detail = f"there is no customer {order.customer}; its record has to come first ({CUSTOMER_CHANGED})"
            return Refusal("unknown_customer", 404, detail)
        if not may(order.asker, owner, order.customer):
            return not_yours(order.asker, order.customer)
        return owner

    def _lacking(self, order: Order, held: Held | None, owner: Customer) -> Refusal | None:
        """Return why a new service cannot have what it takes (CO-11), or a verb no secret or code (ML-4, CP-5)."""
        if held is None:
            return self._taking.refusal(order, owner)
        verb = self._transaction.products[order.product].verbs[order.verb]
        if verb.needs:
            return refuse_secret(self._transaction, held.id, verb.needs)
        if not verb.confirmable or verb.takes.get(held.state) is Cell.ALREADY:
            return None
        start, begun = stored(self._start(order)), self._opening.codes_of(held.id)
        return refuse_code(self._transaction, held.id, start, begun, owner)

    def _deadline(self, order: Order, verb: Verb, owner: Customer) -> datetime | Refusal:
        """Return until when the order has to be done: the rule's deadline, or the earlier one that it asks for."""
        start = self._start(order)
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

    def _start(self, order: Order) -> datetime:
        """Return when an order may begin (CO-13)."""
        return max(moment(self._transaction.now), order.not_before or moment(0))

    def _open(
        self, order: Order, held: Held | None, until: datetime, *, is_already: bool
    ) -> Accepted:
        """Note what is to be stored for an order that is taken."""
        found = held or self._new_service(order)
        if not (is_already or self._is_later(order)):
            self._supersede(order, found)
        opened = self._opening.add(Opened(order, found, stored(until), is_already=is_already))
        self._commands[order.source, order.event_id] = (opened.key, order.content, order.product)
        if opened.is_due or opened.is_in_line:  # what starts later is in nobody's way yet (CO-13)
            found.under_way.append(UnderWay(opened.key, order.verb, stored(until)))
        return Accepted(opened.key, order.product, is_due=opened.is_due)

    def _is_later(self, order: Order) -> bool:
        """Return whether an order starts later: what it replaces goes on until then (CO-13)."""
        return order.not_before is not None and stored(order.not_before) > self._transaction.now

    def _supersede(self, order: Order, found: Held) -> None:
        """Note which operations the order replaces; the first gets the hold back, so as to be undone before (CO-8)."""
        product = self._transaction.products[order.product]
        for each in found.under_way:
            if not each.is_leaving and each.gives_way(product, order.verb):
                each.is_leaving = True
                self._superseded.append(Superseded(each.key, found.id, order.actor))
                if found.holder is None and each.is_begun:
                    found.holder = each.key

    def _new_service(self, order: Order) -> Held:
        """Note a service that this order makes."""
        made = self._opening.new_service(order)
        self._taking.take(order, made.id)
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
    for each in held.under_way if held else ():
        if order.verb in product.verbs[each.verb].through or each.gives_way(product, order.verb):
            continue
        return _busy(product, state or NEW, each)
    return refusal_in(product, verb, state)


def _busy(product: Product, state: str, under_way: UnderWay) -> Refusal:
    """Return the refusal that names the operation under way and until when it has time (CO-8)."""
    operation, until = public_id("op", under_way.key), rfc3339(moment(under_way.deadline_at))
    detail = (
        f"{under_way.verb} {operation} is under way on this service until {until} at the latest"
    )
    waits_for_code = product.verbs[under_way.verb].confirmable and under_way.is_waiting
    if waits_for_code and not under_way.is_leaving:
        detail += f"; cancel the {under_way.verb} first"
    facts = {
        "state": state,
        "allowed": list(product.allowed(state)),
        "operation": operation,
        "deadline": until,
    }
    return Refusal("busy", 409, detail, facts=facts)
