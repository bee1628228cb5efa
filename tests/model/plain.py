"""The plain model: what the doors and the ends of operations owe, in a few dictionaries.

It knows the rules as PRODUCTS.md says them and nothing of how they are kept. What it takes from the system
is what the platform or a person decides: when an operation began, how far it is, and how it ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.model.plain_codes import PlainCodes
from tests.model.plain_phones import PlainPhone
from tests.model.plain_pools import PlainPool, PlainThings, Thing
from tests.model.plain_product import PlainProduct, PlainVerb

#: A failed operation needs nobody to look into it for one of these (CO-5).
WITHOUT_TICKET = frozenset({"state_changed", "rejected", "expired"})


@dataclass
class PlainService:
    """One service: its state, and all states that it was in since the model last looked."""

    product: PlainProduct
    state: str = "new"
    seen: set[str] = field(default_factory=lambda: {"new"})
    phone: PlainPhone = field(default_factory=PlainPhone)

    def move(self, state: str) -> None:
        """Move it."""
        self.state = state
        self.seen.add(state)


@dataclass(frozen=True)
class Ask:
    """What somebody asks for: a verb, when, from when on, and with which number."""

    product: PlainProduct
    reference: str
    verb: str
    at: datetime
    not_before: datetime | None = None
    number: str | None = None
    #: What is known of the service.
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def starts_at(self) -> datetime:
        """When it begins at the earliest (CO-13)."""
        return max(self.at, self.not_before or self.at)


@dataclass
class Asked:
    """One operation: what was asked, how far it is, why it was given up, and how it ended."""

    ask: Ask
    before: str
    has_begun: bool = False
    #: It acts, and waits for nothing; and it is being undone because it failed.
    is_acting: bool = False
    is_failing: bool = False
    is_past: bool = False
    #: The reason that its end as `cancelled` will have; an empty one where a person asked for it.
    given_up: str | None = None
    moved_to: str | None = None
    ended: str | None = None
    reason: str | None = None
    #: When the platform said what is at once a ticket (BU-4).
    alarm_at: datetime | None = None

    @property
    def verb(self) -> PlainVerb:
        """What its product says of its verb."""
        return self.ask.product.verbs[self.ask.verb]

    @property
    def is_later(self) -> bool:
        """Whether it begins later than it was asked for."""
        return self.ask.starts_at > self.ask.at

    def is_in_the_way(self, now: datetime) -> bool:
        """Return whether it is under way: begun or due to begin, and not over."""
        return self.ended is None and (self.has_begun or self.ask.starts_at <= now)

    def gives_way(self, verb: str) -> bool:
        """Return whether another verb ends it: it waits, or is being undone as somebody wished (CO-8)."""
        is_waiting = not (self.is_acting or self.is_failing or self.is_past)
        return verb in self.verb.replaced_by and (is_waiting or self.given_up is not None)


@dataclass
class Plain:
    """Services by reference, operations by key, the customer's pool and the codes."""

    services: dict[str, PlainService] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)
    pools: dict[str, PlainPool] = field(default_factory=dict)
    #: The one inventory over all products: number -> service.
    numbers: dict[str, str] = field(default_factory=dict)
    #: Where there are few places -> the services that have one.
    places: dict[str, set[str]] = field(default_factory=dict)
    things: PlainThings = field(default_factory=PlainThings)
    codes: PlainCodes = field(default_factory=PlainCodes)
    #: Products whose platform has refused something for good, and services that it has moved on without us.
    refused: set[str] = field(default_factory=set)
    moved: set[str] = field(default_factory=set)

    def on(self, reference: str) -> Mapping[int, Asked]:
        """Return the operations on a service that are not over."""
        mine = {key: each for key, each in self.asked.items() if each.ask.reference == reference}
        return {key: each for key, each in mine.items() if each.ended is None}

    def answer(self, ask: Ask) -> str:
        """Return what the door owes: accepted, already, busy, or why not (CO-1, CO-6, CO-8)."""
        service, verb = self.services.get(ask.reference), ask.product.verbs[ask.verb]
        if service is None:
            return self._answer_to_a_first(ask)
        owed = verb.takes.get(service.state, "state_not_allowed")
        if owed == "state_not_allowed":
            return owed
        for other in self.on(ask.reference).values():
            is_let_through = ask.verb in other.verb.through or other.gives_way(ask.verb)
            if other.is_in_the_way(ask.at) and not is_let_through:
                return "busy"
        word = verb.guard(ask.facts) if verb.guard and owed == "accepted" else "accepted"
        if word != "accepted":
            return word
        if verb.asks_for_code and owed == "accepted":
            has_room = self.codes.may_have_another(ask.reference, ask.starts_at)
            return owed if has_room else "too_many_codes"
        is_lacking = verb.needs_code and service.phone.stands(ask.at) != "valid"
        taken = self.things.refusal(self.things_of(ask), ask.reference)
        return "secret_not_valid" if is_lacking else taken or owed

    def _answer_to_a_first(self, ask: Ask) -> str:
        """Return what is owed where there is no such service: only the verb that makes one is taken."""
        if ask.verb != ask.product.maker:
            return "no_such_service"
        if ask.product.has_pool and self.pools[ask.product.name].is_empty:
            return "no_entitlement"
        is_taken = ask.product.has_numbers and ask.number in self.numbers
        if is_taken:
            return "number_taken"
        if taken := self.things.refusal(self.things_of(ask), ask.reference):
            return taken
        where, most = ask.product.place_of(ask.reference) or ("", 1)
        return "accepted" if len(self.places.get(where, ())) < most else f"{where}_full"

    def things_of(self, ask: Ask) -> list[Thing]:
        """Return what is asked for now that only one service has at a time."""
        fields = ask.product.fields(ask.reference, ask.verb, len(self.asked))
        unique = ask.product.unique
        return [(kind, fields[name]) for name, kind in unique.items() if name in fields]

    def accept(self, key: int, ask: Ask) -> None:
        """Note an operation that was taken, with all that it takes and replaces."""
        is_first = ask.reference not in self.services
        self.things.take(self.things_of(ask), ask.reference, None if is_first else key)
        if is_first:
            self.services[ask.reference] = PlainService(ask.product)
            if ask.product.has_pool:
                self.pools[ask.product.name].takers.add(ask.reference)
            if ask.product.has_numbers and ask.number is not None:
                self.numbers[ask.number] = ask.reference
            if place := ask.product.place_of(ask.reference):
                self.places.setdefault(place[0], set()).add(ask.reference)
        asked = Asked(ask, self.services[ask.reference].state)
        if not asked.is_later:
            self.replace(asked)
        self.asked[key] = asked
        if asked.verb.asks_for_code:
            self.codes.make(key, ask.reference, ask.starts_at)

    def replace(self, successor: Asked) -> None:
        """Give up what an operation replaces as it begins to count."""
        for key, each in self.on(successor.ask.reference).items():
            is_older = each is not successor and each.is_in_the_way(successor.ask.starts_at)
            if is_older and each.given_up is None and each.gives_way(successor.ask.verb):
                self.give_up(key, "superseded")

    def give_up(self, key: int, why: str) -> None:
        """Note that an operation has to end cancelled."""
        self.asked[key].given_up = why
        if why == "superseded" and key in self.codes.codes:
            self.codes.codes[key].is_replaced = True

    def cancelling(self, key: int) -> str:
        """Return what a cancel is owed: cancelled, undone, or why neither (CO-3)."""
        asked = self.asked[key]
        if asked.ended == "cancelled" or (asked.given_up is not None and not asked.ended):
            return "cancelled"
        if asked.ended or asked.is_failing:
            return "nothing_to_cancel"
        if not asked.has_begun:
            return "cancelled"
        state = self.services[asked.ask.reference].state
        product = asked.ask.product
        owed = asked.verb.cancel.get(state, product.cancel.get(state, "nothing_to_cancel"))
        if asked.verb.asks_for_code:
            owed = "undone"
        return (
            "state_not_allowed"
            if owed == "refused" or (asked.is_past and owed == "undone")
            else owed
        )

    def cancel(self, key: int) -> None:
        """Note that an operation was cancelled by a person, and has to end so."""
        if self.asked[key].given_up is None and self.cancelling(key) in {"cancelled", "undone"}:
            self.give_up(key, "")

    def confirm(self, key: int, typed: int | None, now: datetime) -> str:
        """Return what somebody is owed who types a code, and note what follows from it (CP-6)."""
        asked = self.asked[key]
        is_over = asked.ended is not None or asked.is_failing or asked.given_up is not None
        owed = self.codes.confirm(key, typed, now, has_ended=is_over)
        code = self.codes.codes.get(key)
        asked.is_past |= owed == "accepted"
        if owed == "too_many_wrong_codes" and asked.ended is None and asked.given_up is None:
            assert code is not None
            self.give_up(key, owed)
        return owed

    def hear(
        self, reference: str, kind: str, facts: Mapping[str, object], known: Mapping[str, str]
    ) -> None:
        """Note what a platform told about a service, of which facts are known: it moves it if it is news (ML-6)."""
        service = self.services[reference]
        of, phone = service.product.heard_of, service.phone
        mine = phone.profile or known.get(of)
        if service.state == "deleted" or not phone.is_news(facts, of, mine):
            return
        moves = service.product.hears[kind]
        service.move(moves.get(service.state, service.state))
        if kind in service.product.uses_code:
            service.phone.set_all("used")
        elif kind == service.product.expires_code:
            service.phone.set_all("expired")
