"""Accepting commands: all that is decided about a batch of them, in the transaction that stores them.

The order of checks is DESIGN 6: customer, who asks, deduplication key, state table, busy. What needs no database was
checked before (`producers.intake`).
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from schema.asker import is_admin, may, not_yours
from schema.asking import Asked, Found
from schema.calendar import deadline
from schema.command import CUSTOMER_CHANGED, rfc3339
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.ids import public_id
from schema.lifecycle import Cell, Product, Verb
from schema.store.confirmations import refuse_code
from schema.store.known import (
    Held,
    UnderWay,
    known_commands,
    known_customers,
    known_services,
)
from schema.store.moments import moment, stored
from schema.store.near_names import near_customers, unknown_customer
from schema.store.opening import Opening
from schema.store.order import Accepted, Answer, CodeAsked, Opened, Order, Planned
from schema.store.questions import ProductFailed, ask_product, find_service, product_speaks
from schema.store.secrets import refuse_secret
from schema.store.states import refuse_state
from schema.store.superseding import Superseded, supersede
from schema.store.taking import Taking, Wish
from schema.store.transaction import Transaction

#: So many unknown customers of one transaction get similar names: each costs two looks while nobody else gets in.
MOST_COMPARED = 3


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
        self._taking = Taking(
            transaction,
            wishes := [each for order in orders if (each := self._wished(order))],
        )
        self._opening = Opening(transaction, len(orders), sum(bool(each.beside) for each in wishes))
        self._superseded: list[Superseded] = []
        self._unknowns = 0

    def store(self) -> None:
        """Store all that was taken."""
        self._opening.store(self._taking.rows())
        self._taking.store()
        supersede(self._transaction, self._superseded)

    def decide(self, order: Order) -> Answer:
        """Return what becomes of one order; one at which its product fails is refused alone (I9)."""
        try:
            return self._decide(order)
        except ProductFailed as error:
            named = {"product": order.product, "verb": order.verb, "source": order.source}
            error.tell(self._transaction, **named, id=order.event_id)
            detail = (
                f"{order.product} failed to say whether {order.verb} can be taken; it is in the log"
            )
            return Refusal("internal", 500, detail)

    def _decide(self, order: Order) -> Answer:
        """Return what becomes of one order; raise `ProductFailed`."""
        owner = self._owner(order)
        if isinstance(owner, Refusal):
            return owner
        if known := self._commands.get((order.source, order.event_id)):
            return self._repeat(order, *known)
        product = self._transaction.products[order.product]
        verb = product.verbs[order.verb]
        wish = self._wish(order, owner)
        verdict = self._verdict(wish, product, verb)
        if isinstance(verdict, Refusal):
            return verdict
        until = self._deadline(order, verb, owner)
        if isinstance(until, Refusal):
            return until
        is_already = verdict is Cell.ALREADY
        if order.is_dry_run:
            return _plan(wish, product, until, is_already=is_already)
        opened = self._open(wish, until, is_already=is_already)
        if verb.confirmable and not is_already:
            told = CodeAsked(len(owner.admins), is_admin(order.asker, owner))
            opened = replace(opened, code=told)
        return opened

    def _repeat(self, order: Order, key: int, content: str, product: str) -> Answer:
        """Return the first operation of a command that came before; refuse other content under its key (I2)."""
        if content == order.content:
            advice = self._transaction.products[order.product].verbs[order.verb].advice
            return Accepted(key, product, is_repeat=True, advice=advice)
        name = public_id("op", key)
        detail = (
            f"source and id belong to {name}, which was asked with other content; choose a new id"
        )
        return Refusal("key_reused", 422, detail, (Fault("/id", detail),), {"operation": name})

    def _wished(self, order: Order) -> Wish | None:
        """Return an order with what it takes, as far as that is known before it is decided about."""
        owner = self._customers.get(order.customer)
        with suppress(ProductFailed):
            return self._wish(order, owner) if owner else None
        return None

    def _wish(self, order: Order, owner: Customer) -> Wish:
        """Return an order with its service, and what its product says that it takes."""
        held = self._services.get((order.customer, order.reference))
        verb = self._transaction.products[order.product].verbs[order.verb]
        if verb.wants is None and verb.guard is None:  # most look at nothing
            return Wish(order, owner, held)
        name = (order.product, order.customer, order.reference)
        known = (held.state, held.facts) if held else (None, "{}")
        asked = ask_product(self._transaction, name, owner, known, order.data)
        asked = asked._replace(find=partial(self._find, asked))
        with product_speaks():
            beside = verb.makes(asked) if verb.makes and held is None else None
            return Wish(order, owner, held, asked, verb.takings(asked), beside)

    def _find(self, asked: Asked, reference: str) -> Found | None:
        """Return another service of the customer; it may be made in this transaction."""
        if held := self._services.get((asked.customer, reference)):
            return Found(held.product, held.state, json.loads(held.facts))
        return find_service(self._transaction, asked.customer, reference)

    def _verdict(self, wish: Wish, product: Product, verb: Verb) -> Refusal | Cell:
        """Return why an order is refused, that there is nothing to do, or yes.

        Asked in turn: the table, what is under way, what the product knows, and whether there is what it takes.
        """
        held = wish.held
        if refusal := refuse_state(wish.order, product, held):
            return refusal
        if held is not None and verb.takes.get(held.state) is Cell.ALREADY:
            return Cell.ALREADY
        with product_speaks():
            word = verb.guard(wish.asked) if verb.guard and wish.asked else None
        return word or _taken_beside(wish) or self._lacking(wish, verb) or Cell.YES

    def _owner(self, order: Order) -> Customer | Refusal:
        """Return the customer, for whom this asker may ask (CO-7)."""
        owner = self._customers.get(order.customer)
        if owner is None:
            return self._unknown(order)
        if not may(order.asker, owner, order.customer):
            return not_yours(order.asker, order.customer)
        return owner

    def _unknown(self, order: Order) -> Refusal:
        """Return that there is no such customer; only the first ones of many are compared with those that there are."""
        said = "/subject", f"its record has to come first ({CUSTOMER_CHANGED})"
        self._unknowns += 1
        near: Sequence[str] = ()
        if self._unknowns <= MOST_COMPARED:
            near = near_customers(self._transaction.connection, order.asker, order.customer)
        return unknown_customer(order.customer, near, said)

    def _lacking(self, wish: Wish, verb: Verb) -> Refusal | None:
        """Return why an operation cannot have what it takes (CO-11), or its secret or code (ML-4, CP-5)."""
        held = wish.held
        if refusal := self._taking.refusal(wish):
            return refusal
        if held and verb.needs:
            return refuse_secret(self._transaction, held.id, verb.needs)
        if held is None or not verb.confirmable:
            return None
        start, begun = stored(self._start(wish.order)), self._opening.codes_of(held.id)
        return refuse_code(self._transaction, held.id, start, begun, wish.record)

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

    def _open(self, wish: Wish, until: datetime, *, is_already: bool) -> Accepted:
        """Note what is to be stored for an order that is taken."""
        order = wish.order
        found = wish.held or self._new_service(wish)
        if not (is_already or self._is_later(order)):
            self._supersede(order, found)
        opened = self._opening.add(Opened(order, found, stored(until), is_already=is_already))
        if not is_already:
            self._taking.take(wish, found.id, opened.key)
        self._commands[order.source, order.event_id] = (opened.key, order.content, order.product)
        if opened.is_due or opened.is_in_line:  # what starts later is in nobody's way yet (CO-13)
            found.under_way.append(UnderWay(opened.key, order.verb, stored(until)))
        verb = self._transaction.products[order.product].verbs[order.verb]
        advice = None if is_already else verb.advice
        return Accepted(
            opened.key, order.product, is_due=opened.is_due, advice=advice, opened=opened
        )

    def _is_later(self, order: Order) -> bool:
        """Return whether an order starts later: what it replaces goes on until then (CO-13)."""
        return order.not_before is not None and stored(order.not_before) > self._transaction.now

    def _supersede(self, order: Order, found: Held) -> None:
        """Note which operations the order replaces; the first gets the hold back, so as to be undone before (CO-8)."""
        product = self._transaction.products[order.product]
        for each in found.under_way:
            if not each.is_leaving and each.gives_way(product, order.verb):
                each.is_leaving = True
                self._opening.leave(each.key)
                self._superseded.append(Superseded(each.key, found.id, order.actor))
                if found.holder is None and each.is_begun:
                    found.holder = each.key

    def _new_service(self, wish: Wish) -> Held:
        """Note a service that an order makes, and what it makes beside it."""
        order = wish.order
        verb = self._transaction.products[order.product].verbs[order.verb]
        with product_speaks():
            facts = verb.knows(wish.asked) if verb.knows and wish.asked else {}
        made = self._opening.new_service(order, facts)
        self._services[order.customer, order.reference] = made
        if wish.beside:
            other = self._opening.new_beside(order, wish.beside, made)
            self._services[order.customer, wish.beside.reference] = other
            self._taking.take_beside(wish, other.id)
        return made


def _plan(wish: Wish, product: Product, until: datetime, *, is_already: bool) -> Planned:
    """Return what a dry run would have done."""
    order, held = wish.order, wish.held
    verb = product.verbs[order.verb]
    steps, advice = ((), None) if is_already else (verb.steps, verb.advice)
    under_way = held.under_way if held else []
    replaced = tuple(each.key for each in under_way if each.gives_way(product, order.verb))
    return Planned(until, is_already, steps, replaced, advice)


def _taken_beside(wish: Wish) -> Refusal | None:
    """Return that the reference of what is to be made beside is some other service's, if so."""
    if wish.beside is None or wish.asked is None:
        return None
    is_own = wish.beside.reference == wish.order.reference
    if not is_own and wish.asked.find(wish.beside.reference) is None:
        return None
    detail = f"the reference {wish.beside.reference} belongs to a service already"
    return Refusal("reference_taken", 409, detail, (Fault(f"/data/{wish.beside.field}", detail),))
