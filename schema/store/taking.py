"""What a new service takes in the transaction that accepts it: an entitlement of the pool, and a number (CO-11).

Pools and numbers are held until that transaction ends, so that two at once never take the same.
"""

import json
from collections import Counter
from collections.abc import Sequence

from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.lifecycle import Product
from schema.store.numbers import (
    add_numbers,
    free_numbers,
    hold_numbers,
    known_numbers,
    take_numbers,
)
from schema.store.order import Order
from schema.store.pools import (
    Owner,
    Pool,
    give_entitlements_back,
    known_pools,
    take_entitlements,
)
from schema.store.secrets import set_secrets
from schema.store.transaction import Transaction


class Taking:
    """Decides what the new services of one transaction may take, each knowing what was taken before it."""

    def __init__(self, transaction: Transaction, orders: Sequence[Order]) -> None:
        self._transaction = transaction
        creating = [each for each in orders if self._verb_creates(each)]
        self._pools = known_pools(
            transaction,
            {(o.customer, o.product) for o in creating if self._product(o).takes_entitlement},
        )
        self._numbers = known_numbers(transaction, filter(None, map(self._number, creating)))
        self._taken: Counter[Owner] = Counter()
        self._given: dict[str, tuple[int, Order]] = {}

    def refusal(self, order: Order, customer: Customer) -> Refusal | None:
        """Return why the customer cannot have what a new service of this order takes."""
        if self._product(order).takes_entitlement:
            pool = self._pool(order)
            if pool.taken >= pool.total:
                return _no_entitlement(order, pool)
        e164 = self._number(order)
        return self._number_refusal(order, e164, customer) if e164 else None

    def take(self, order: Order, service: int) -> None:
        """Note that a new service takes what `refusal` had nothing against."""
        if self._product(order).takes_entitlement:
            self._pool(order).taken += 1
            self._taken[order.customer, order.product] += 1
        if e164 := self._number(order):
            self._given[e164] = (service, order)

    def store(self, customers: dict[str, Customer]) -> None:
        """Store what was taken; a number that its customer has only now, as another lost it, is new here."""
        take_entitlements(self._transaction, self._taken)
        known = {e164: key for e164, (key, _) in self._given.items() if e164 in self._numbers}
        take_numbers(self._transaction, known)
        new = [
            (e164, order.customer, customers[order.customer].site_of(e164), key)
            for e164, (key, order) in sorted(self._given.items())
            if e164 not in self._numbers
        ]
        add_numbers(self._transaction, new)
        hold_numbers(self._transaction, {e164: key for e164, (key, _) in self._given.items()})

    def _number_refusal(self, order: Order, e164: str, customer: Customer) -> Refusal | None:
        """Return why a number cannot be had; whose else it is, is nobody's business."""
        field = self._product(order).number_field
        site = customer.site_of(e164)
        known = self._numbers.get(e164)
        if site is None:
            reason, detail = "unknown_number", "the number is none of the customer's"
        elif e164 in self._given or (
            known and (known.service_id or known.customer != order.customer)
        ):
            reason, detail = "number_taken", "the number belongs to a service already"
        elif not customer.has_emergency_address(site):
            reason = "no_emergency_address"
            detail = f"the number's site {site} has no emergency address"
        else:
            return None
        return Refusal(reason, 409, detail, (Fault(f"/data/{field}", detail),))

    def _pool(self, order: Order) -> Pool:
        """Return the pool that an order takes from; where there is none, it is empty."""
        return self._pools.setdefault((order.customer, order.product), Pool())

    def _number(self, order: Order) -> str | None:
        """Return the number that an order asks for."""
        field = self._product(order).number_field
        return json.loads(order.data).get(field) if field else None

    def _product(self, order: Order) -> Product:
        """Return the product of an order."""
        return self._transaction.products[order.product]

    def _verb_creates(self, order: Order) -> bool:
        """Return whether an order can make a service."""
        return self._product(order).verbs[order.verb].creates


def give_back(transaction: Transaction, services: Sequence[int]) -> None:
    """Give back what services took that are deleted now, and void their secrets (CO-10)."""
    if services:
        give_entitlements_back(transaction, services)
        free_numbers(transaction, services)
        set_secrets(transaction, services, "void")


def _no_entitlement(order: Order, pool: Pool) -> Refusal:
    """Return the refusal that says how many entitlements there are, and how many are taken (ML-1)."""
    detail = f"all {pool.total} entitlements for {order.product} are taken ({pool.taken})"
    facts = {"total": pool.total, "taken": pool.taken}
    return Refusal("no_entitlement", 409, detail, facts=facts)
