"""What operations take in the transaction that accepts them: entitlements, numbers, things and places (CO-11).

Pools and numbers are held until that transaction ends, and a unique key holds things and places, so that two at once
never take the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from schema.asking import NOTHING, Asked, Beside, Place, Takes, Thing, Wanted
from schema.customer import Customer
from schema.errors import Fault, Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Product
from schema.store.besides import drop_besides, keep_besides
from schema.store.known import Held
from schema.store.numbers import (
    NUMBER,
    free_numbers,
    give_numbers_back,
    held_numbers,
    keep_new_numbers,
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
from schema.store.possessions import (
    Name,
    Taker,
    free_possessions,
    give_possessions_back,
    keep_new_possessions,
    known_places,
    known_things,
    taken_possessions,
)
from schema.store.secrets import set_secrets
from schema.store.transaction import Rows, Transaction
from schema.tables import number


class Wish(NamedTuple):
    """An order of a customer, its service (None: a new one), and what its product says that it takes and makes."""

    order: Order
    record: Customer
    held: Held | None
    asked: Asked | None = None
    takes: Takes = NOTHING
    beside: Beside | None = None


class Taking:
    """Decides what the operations of one transaction may take, each knowing what was taken before it."""

    def __init__(self, transaction: Transaction, wishes: Sequence[Wish]) -> None:
        self._transaction = transaction
        takes = [each.takes for each in wishes]
        takes += [each.beside.takes for each in wishes if each.beside]
        self._pools = known_pools(
            transaction,
            {
                (wish.order.customer, wish.order.product)
                for wish in wishes
                if wish.held is None and self._product(wish.order).takes_entitlement
            },
        )
        self._numbers = known_numbers(
            transaction, {wanted.e164 for each in takes for wanted in each.numbers}
        )
        things = {thing[:3] for each in takes for thing in each.things}
        places = {place[:2] for each in takes for place in each.places}
        self._had = known_things(transaction, things) | known_places(transaction, places)
        self._taken: Counter[Owner] = Counter()
        self._given: dict[str, tuple[Taker, Wish]] = {}
        self._possessed: list[tuple[str, str, str, int, int | None]] = []

    def refusal(self, wish: Wish) -> Refusal | None:
        """Return why a service cannot have what its operation takes."""
        order = wish.order
        if wish.held is None and self._product(order).takes_entitlement:
            pool = self._pool(order)
            if pool.taken >= pool.total:
                return _no_entitlement(order, pool)
        mine = wish.held.id if wish.held else None
        lacking = self._lacking(wish, wish.takes, mine)
        if lacking is None and wish.beside:
            return self._lacking(wish, wish.beside.takes, None)
        return lacking

    def take(self, wish: Wish, service: int, operation: int) -> None:
        """Note that a service takes what `refusal` had nothing against.

        A new one need not name its operation: where that fails, the service is deleted and loses everything (CO-10).
        """
        order = wish.order
        if wish.held is None and self._product(order).takes_entitlement:
            self._pool(order).taken += 1
            self._taken[order.customer, order.product] += 1
        self._give(wish, wish.takes, (service, operation if wish.held else None))

    def take_beside(self, wish: Wish, service: int) -> None:
        """Note that the service which is made beside takes what `refusal` had nothing against."""
        if wish.beside:
            self._give(wish, wish.beside.takes, (service, None))

    def _lacking(self, wish: Wish, takes: Takes, mine: int | None) -> Refusal | None:
        """Return what of all this cannot be had."""
        refusals = [
            *(self._number_refusal(wish, each, mine) for each in takes.numbers),
            *(self._thing_refusal(each, mine) for each in takes.things),
            *(self._place_refusal(each, mine) for each in takes.places),
        ]
        return next(filter(None, refusals), None)

    def _give(self, wish: Wish, takes: Takes, taker: Taker) -> None:
        """Note who takes all this."""
        for wanted in takes.numbers:
            known = self._numbers.get(wanted.e164)
            if known is None or known.service_id != taker[0]:
                self._given[wanted.e164] = (taker, wish)
        names = [thing[:3] for thing in takes.things]
        names += [self._free_place(place, taker[0]) for place in takes.places]
        for name in names:
            if name not in self._had:
                self._had[name] = taker
                self._possessed.append((*name, *taker))

    def store(self) -> None:
        """Store what was taken of what was there."""
        take_entitlements(self._transaction, self._taken)
        given = {e164: taker for e164, (taker, _) in self._given.items()}
        known = {e164: taker for e164, taker in given.items() if e164 in self._numbers}
        take_numbers(self._transaction, known)

    def rows(self) -> list[Rows]:
        """Return what is added; a number that its customer has only now, as another lost it, is new here."""
        given = {e164: taker for e164, (taker, _) in self._given.items()}
        new = [
            (e164, wish.order.customer, wish.record.site_of(e164), *taker)
            for e164, (taker, wish) in sorted(self._given.items())
            if e164 not in self._numbers
        ]
        held = held_numbers(self._transaction, given)
        return [(number, NUMBER, new), held, taken_possessions(self._possessed)]

    def _number_refusal(self, wish: Wish, wanted: Wanted, mine: int | None) -> Refusal | None:
        """Return why a number cannot be had; whose else it is, is nobody's business."""
        e164, customer = wanted.e164, wish.order.customer
        site = wish.record.site_of(e164)
        known = self._numbers.get(e164)
        taker = (known.service_id, known.operation_id) if known else (None, None)
        if site is None:
            reason, detail = "unknown_number", "the number is none of the customer's"
        elif e164 in self._given or (
            known and (taker not in {(None, None), (mine, None)} or known.customer != customer)
        ):
            detail = _promised(taker, mine) or "the number belongs to a service already"
            reason = "number_taken"
        elif not wish.record.has_emergency_address(site):
            reason = "no_emergency_address"
            detail = f"the number's site {site} has no emergency address"
        else:
            return None
        return Refusal(reason, 409, detail, (Fault(f"/data/{wanted.field}", detail),))

    def _thing_refusal(self, thing: Thing, mine: int | None) -> Refusal | None:
        """Return why a thing cannot be had."""
        taker = self._had.get(thing[:3])
        if taker in {None, (mine, None)}:
            return None
        detail = thing.detail or f"the {thing.kind} {thing.name} belongs to a service already"
        detail = _promised(taker, mine) or detail
        reason = f"{thing.kind}_taken"
        return Refusal(reason, 409, detail, (Fault(f"/data/{thing.field}", detail),))

    def _place_refusal(self, place: Place, mine: int | None) -> Refusal | None:
        """Return that there is no place left, with how many there are and how many are taken (SD-6)."""
        taken = self._places(place)
        if (mine, None) in taken.values() or len(taken) < place.most:
            return None
        detail = f"{place.scope} takes up to {place.most}, and has {len(taken)}"
        facts = {"most": place.most, "present": len(taken)}
        fault = Fault(f"/data/{place.field}", detail)
        return Refusal(f"{place.kind}_full", 409, detail, (fault,), facts)

    def _free_place(self, place: Place, service: int) -> Name:
        """Return the place that a service has already, or the first that is free."""
        taken = self._places(place)
        mine = next((name for name, taker in taken.items() if taker == (service, None)), None)
        names = ((place.kind, place.scope, str(number + 1)) for number in range(place.most))
        return mine or next(name for name in names if name not in taken)

    def _places(self, place: Place) -> dict[Name, Taker]:
        """Return who has which place of a scope."""
        scope = (place.kind, place.scope)
        return {name: taker for name, taker in self._had.items() if name[:2] == scope}

    def _pool(self, order: Order) -> Pool:
        """Return the pool that an order takes from; where there is none, it is empty."""
        return self._pools.setdefault((order.customer, order.product), Pool())

    def _product(self, order: Order) -> Product:
        """Return the product of an order."""
        return self._transaction.products[order.product]


def still_has(transaction: Transaction, takes: Takes, taker: Taker) -> bool:
    """Return whether a service has all that an operation took for it when that was accepted (CO-13)."""
    mine = {taker, (taker[0], None)}
    had = known_things(transaction, {thing[:3] for thing in takes.things})
    places = known_places(transaction, {place[:2] for place in takes.places})
    its_places = {name[:2] for name, each in places.items() if each in mine}
    numbers = known_numbers(transaction, {wanted.e164 for wanted in takes.numbers})
    its_numbers = {
        e164 for e164, row in numbers.items() if (row.service_id, row.operation_id) in mine
    }
    return (
        all(had.get(thing[:3]) in mine for thing in takes.things)
        and all(place[:2] in its_places for place in takes.places)
        and all(wanted.e164 in its_numbers for wanted in takes.numbers)
    )


def settle(transaction: Transaction, ended: Iterable[tuple[str, int, Row[Any]]]) -> None:
    """Keep what operations took that have succeeded, and give back what others took: end, service and their row.

    A service that an operation made has everything already, or nothing any more.
    """
    kept, given_back, come_to_be = dict[int, int](), dict[int, int](), list[int]()
    reached_by = set[tuple[int, str | None]]()
    for state, service, row in ended:
        product = transaction.products[row.product]
        verb = product.verbs[row.verb]
        if row.before != NEW and verb.wants:
            (kept if state == "succeeded" else given_back)[row.id] = service
            reached_by.add((service, product.reached_by))
        elif row.before == NEW and verb.makes and state == "succeeded":
            come_to_be.append(service)
    if come_to_be:
        keep_besides(transaction, come_to_be)
    if kept:
        given = keep_new_possessions(transaction, kept)
        keep_new_numbers(transaction, kept, {service for service, _ in given & reached_by})
    if given_back:
        give_numbers_back(transaction, given_back)
        give_possessions_back(transaction, given_back)


def give_back(transaction: Transaction, services: Sequence[int]) -> None:
    """Give back what services took that are deleted now, and void their secrets (CO-10)."""
    if services:
        give_entitlements_back(transaction, services)
        free_numbers(transaction, services)
        free_possessions(transaction, services)
        set_secrets(transaction, services, "void")
        give_back(transaction, drop_besides(transaction, services))


def _promised(taker: Taker | tuple[None, None] | None, mine: int | None) -> str | None:
    """Return that another operation of the same service takes it already, and may yet give it back."""
    if taker is None or taker[0] != mine or taker[1] is None:
        return None
    return f"{public_id('op', taker[1])} takes it for this service already; cancel that first"


def _no_entitlement(order: Order, pool: Pool) -> Refusal:
    """Return the refusal that says how many entitlements there are, and how many are taken (ML-1)."""
    detail = f"all {pool.total} entitlements for {order.product} are taken ({pool.taken})"
    facts = {"total": pool.total, "taken": pool.taken}
    return Refusal("no_entitlement", 409, detail, facts=facts)
