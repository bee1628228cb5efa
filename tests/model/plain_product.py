"""What a product promises, in the model's own words: copied by hand from PRODUCTS.md, and from nowhere else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")

#: The holidays of 2026 in Italy on which a run of the model may come.
HOLIDAYS = frozenset(
    date(2026, month, day) for month, day in ((6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26))
)

#: A moment -> the deadline of what begins then.
Limit = Callable[[datetime], datetime]


def after(length: timedelta) -> Limit:
    """Return the limit in clock time."""
    return lambda start: start + length


def a_quarter_of_an_hour(start: datetime) -> datetime:
    """Return the deadline where no rule gives another one (CO-9)."""
    return start + timedelta(minutes=15)


def two_business_days(start: datetime) -> datetime:
    """Return 18:00 in Rome on the second business day after the one on which something begins (CP-8)."""
    day, left = start.astimezone(ROME).date(), 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in HOLIDAYS
    return datetime.combine(day, time(18), ROME)


@dataclass(frozen=True)
class PlainVerb:
    """One verb: its row of the table, where it takes its service, its deadline, and what it needs or makes.

    `takes` says `accepted`, `already` or `busy` for the states in which it is not `state_not_allowed`.
    """

    takes: Mapping[str, str]
    done: str | Mapping[str, str] | None = None
    during: str | None = None
    beyond: str | None = None
    #: Where it takes its service on its way, and can still go back.
    on_the_way: str | None = None
    undone: str | None = None
    #: Where the platform has the service is where it ends, if that is one of these (ML-9).
    finds: frozenset[str] = frozenset()
    limit: Limit = a_quarter_of_an_hour
    through: frozenset[str] = frozenset()
    replaced_by: frozenset[str] = frozenset()
    #: What replaces it goes on from what it has done.
    hands_over: bool = False
    #: What is known of the service -> what the verb is owed where the table says yes (CO-1, CO-6).
    guard: Callable[[Mapping[str, Any]], str] | None = None
    #: It waits for a code that was mailed (CP-5); it makes an activation code, or needs one that works.
    asks_for_code: bool = False
    makes_code: bool = False
    needs_code: bool = False
    #: What cancelling says in a state, where that is otherwise than with its product.
    cancel: Mapping[str, str] = field(default_factory=dict)
    #: The platform's name of the first call after which there is no way back (CO-3).
    no_return: str | None = None
    #: Where it finds its service at once with a ticket (BU-4).
    alarms: frozenset[str] = frozenset()
    #: It may wait as long as a person likes.
    waits_for_people: bool = False

    def done_in(self, state: str) -> str | None:
        """Return where a service is once it is done that is in a state now; None: where it is."""
        return self.done.get(state) if isinstance(self.done, Mapping) else self.done


@dataclass(frozen=True)
class PlainProduct:
    """One product: its verbs, which of them makes a service, and what cancelling says in each state."""

    name: str
    maker: str
    verbs: Mapping[str, PlainVerb]
    #: State -> whether what has begun is `undone`, or `refused`; nothing can be cancelled in any other.
    cancel: Mapping[str, str]
    #: What stands at the platform for a service in a state that nothing is under way on.
    at_rest: Mapping[str, list[dict[str, object]]]
    #: The action of the platform that can be refused for good.
    refusable: str
    references: tuple[str, ...] = ("one", "two")
    #: Reference, verb and how many were asked for -> fields other than those of the example: what services must not
    #: have in common.
    fields: Callable[[str, str, int], Mapping[str, Any]] = lambda _reference, _verb, _number: {}
    #: Which of these only one service has at a time: field -> what kind of thing it is (CO-11).
    unique: Mapping[str, str] = field(default_factory=dict)
    #: What stands at the platform -> the state that a service is in there (ML-9).
    state_of: Callable[[Mapping[str, Any]], str] | None = None
    #: What a platform's word does: kind -> state -> new state; and the kinds that use up an activation code.
    hears: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    uses_code: frozenset[str] = frozenset()
    expires_code: str | None = None
    #: The fact that tells whether what the platform says is about the service as it is now (ML-6).
    heard_of: str = "iccid"
    has_pool: bool = False
    has_numbers: bool = False
    #: Reference -> where it needs one of how many places (SD-6).
    place_of: Callable[[str], tuple[str, int] | None] = lambda _reference: None
    #: Makes in a world what has to be there before anybody asks, and returns whose its numbers are.
    before: Callable[[Any], Mapping[str, str]] = lambda _world: {}


def people_of(name: str) -> Sequence[Callable[..., None]]:
    """Return the rules of what people do with a product, which stand in its `people.py`, if it has one."""
    place = f"tests.products.{name}.people"
    return import_module(place).RULES if find_spec(place) else ()


def plain_of(name: str) -> PlainProduct:
    """Return the model of a product, which stands in `tests/products/<product>/plain.py`."""
    found: PlainProduct = import_module(f"tests.products.{name}.plain").PLAIN
    return found
