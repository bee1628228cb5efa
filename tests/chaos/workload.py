"""What upstream asks for, and what people do about it: drawn from a seed, so that a run can be repeated."""

import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.system.orders import ADMINS, CUSTOMERS, Command, command, numbers_of, service_name

Person = Mapping[str, Any]

#: What is asked for next: a new service, something of one that is there, a command that was sent before, or nothing
#: of us but something that its user does to his phone.
CHOICES = {"new": 6, "old": 8, "again": 4, "phone": 2}

#: How a service is called, by its product.
KINDS = {"cloud_pbx": "pbx", "mobile_line": "line"}

OF_A_LINE = {"reissue_code": 3, "report_lost": 2, "delete": 3, "send_code": 1, "refresh": 1}

#: What may be asked after which verb, and how often.
AFTER: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "cloud_pbx": {
        "activate": {"deactivate": 4, "delete": 3},
        "deactivate": {"activate": 4, "delete": 3},
        "delete": {"delete": 3, "activate": 1},
    },
    "mobile_line": defaultdict(lambda: OF_A_LINE, {"delete": {"delete": 3, "refresh": 1}}),
}

#: How many of the deleted are spoken of again.
SPOKEN_OF = 0.5

#: After these the line is on no phone, and its user scans a code only where a person says so.
OFF_THE_PHONE = frozenset({"remove", "report_lost"})

#: Nothing more is asked about services of which one of the last so many commands was: they are busy.
JUST_NOW = 25


@dataclass(frozen=True)
class Order:
    """One command, if there is one, and the people who do something about it."""

    command: Command | None
    people: tuple[Person, ...] = ()


class Workload:
    """Draws orders one after another; it knows what was asked for, and not what came of it."""

    def __init__(self, seed: int, since: str) -> None:
        self._drawn = random.Random(f"{seed}:workload")  # noqa: S311  it has to be the same again
        #: The last verb for each product and service, the newest last.
        self._last: dict[tuple[str, str], str] = {}
        #: From when on mails and calls count for people: mails tell whole seconds only.
        self._since = since
        self._numbers = count()
        self._sent: list[Order] = []
        self._named: dict[str, int] = defaultdict(int)
        self._off: set[str] = set()

    def next(self) -> Order:
        """Return what comes next."""
        choice = self._one_of(CHOICES)
        if choice == "again" and self._sent:
            return Order(self._drawn.choice(self._sent[-50:]).command)
        if choice == "phone":
            return Order(None, self._at_a_phone())
        old = list(self._last)[:-JUST_NOW]
        if choice == "old" and old:
            product, service = self._drawn.choice(old)
            verb = self._one_of(AFTER[product][self._last.pop((product, service))])
        else:
            product = self._drawn.choice(list(KINDS))
            service, verb = self._new_name(product), "activate"
        if verb != "delete" or self._drawn.random() < SPOKEN_OF:
            self._last[product, service] = verb
        self._sent.append(self._order(product, service, verb))
        return self._sent[-1]

    def _order(self, product: str, service: str, verb: str) -> Order:
        """Return the command with its fields, and who does something about it."""
        identity = f"chaos-{next(self._numbers)}"
        people = self._people(product, service, verb)
        data = self._data(product, service) if verb == "activate" else {}
        return Order(command(verb, service, identity, product, **data), tuple(people))

    def _data(self, product: str, service: str) -> dict[str, object]:
        """Return the fields of an activation."""
        if product == "cloud_pbx":
            return {"name": f"PBX of {service}", "extensions": 3}
        numbers = numbers_of(service.partition("/")[0])
        number = numbers[(self._named[product] - 1) // len(CUSTOMERS) % len(numbers)]
        return {"user": service, "email": user_of(service), "number": number}

    def _people(self, product: str, service: str, verb: str) -> list[Person]:
        """Return who does something about a command."""
        if (product, verb) == ("cloud_pbx", "delete"):
            return self._confirming(service) + self._delivering(service)
        if (product, verb) == ("mobile_line", "activate"):
            return self._living(service)
        if product == "mobile_line" and verb in {"reissue_code", "report_lost"}:
            return self._scanning(service, verb)
        if verb == "activate" and self._drawn.random() < 0.05:
            return [self._person(service, "cancel", self._admin(service), call="allow_access")]
        return []

    def _confirming(self, service: str) -> list[Person]:
        """Return an Admin who confirms, at once or after a slip of the pen, or nobody."""
        luck, who = self._drawn.random(), self._admin(service)
        minutes = self._drawn.randint(1, 40)
        right = self._person(service, "confirm", who, mail=1, after=f"{minutes}m")
        wrong = self._person(service, "mistype", who, mail=1, after="30s")
        if luck < 0.15:
            return []
        return [wrong, right] if luck < 0.3 else [right]

    def _delivering(self, service: str) -> list[Person]:
        """Return, now and then, a Delivery department that takes its order by hand, sometimes too late."""
        if self._drawn.random() < 0.8:
            return []
        after = self._drawn.choice(("1h", "20h", "6d"))
        return [
            self._person(service, "take", "Delivery department", call="erase_data", after=after)
        ]

    def _living(self, service: str) -> list[Person]:
        """Return what a user does with the line that he has scanned by himself, or an Admin who calls it off."""
        luck, who = self._drawn.random(), user_of(service)
        if luck < 0.1:
            admin = self._admin(service)
            return [self._person(service, "cancel", admin, call="release_profile", after="5m")]
        plans = {0.3: ("disable", "enable"), 0.5: ("disable",), 0.7: ("remove",), 1.0: ()}
        does = next(plan for most, plan in plans.items() if luck < most)
        self._off |= {service} if OFF_THE_PHONE.intersection(does) else set()
        return [
            self._person(service, deed, who, call="release_profile", after=f"{hours}h")
            for hours, deed in enumerate(does, 5)
        ]

    def _scanning(self, service: str, verb: str) -> list[Person]:
        """Return a user who puts the new code on his next phone: from his mail, or revealed."""
        if service not in self._off:
            self._off |= {service} if verb in OFF_THE_PHONE else set()
            return []
        self._off.discard(service)
        how = self._drawn.choice(({"mail": 1}, {"call": "release_profile"}))
        return [
            self._person(service, deed, user_of(service), after=f"{hours}h", **how)
            for hours, deed in enumerate(("scan", "enable"), 1)
        ]

    def _at_a_phone(self) -> tuple[Person, ...]:
        """Return somebody who does something to his phone."""
        old = list(self._last)[:-JUST_NOW]
        lines = [service for product, service in old if product == "mobile_line"]
        if not lines:
            return ()
        service = self._drawn.choice(lines)
        does = self._drawn.choice(("disable", "enable", "enable", "remove"))
        self._off |= {service} if does in OFF_THE_PHONE else set()
        return (self._person(service, does, user_of(service)),)

    def _person(self, service: str, does: str, who: str, **more: object) -> Person:
        """Return a person, as the simulator takes one."""
        return {"service": service, "who": who, "does": does, "at": self._since, **more}

    def _admin(self, service: str) -> str:
        """Return the address of one of the Admins of a service's customer."""
        return f"{self._drawn.choice(ADMINS)}@{service.partition('/')[0]}.example"

    def _new_name(self, product: str) -> str:
        """Return the name of a new service."""
        self._named[product] += 1
        return service_name(self._named[product] - 1, KINDS[product])

    def _one_of(self, weights: Mapping[str, int]) -> str:
        """Return one of some things, each as often as it weighs."""
        return self._drawn.choices(list(weights), list(weights.values()))[0]


def user_of(service: str) -> str:
    """Return the address of the user of a line."""
    customer, _, reference = service.partition("/")
    return f"{reference}@{customer}.example"
