"""Everything the author of a vendor needs; `workers/products/<product>/simulated.py` shows how.

A vendor is a table of actions, declared as `VENDOR = Vendor(product, actions=..., changes=...)`.
A handler is a plain function `(call, instances) -> Answer`; it may raise `RefusedError`, and a body
that does not fit `call.read(Model)` is refused by itself. A change is what happens later, by
itself: a plain function `(instance, arguments) -> later`, known by its name in the file. What most
vendors do alike stands in `workers.simulator.alike`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from workers.simulator.instances import Instances, RefusedError
from workers.simulator.rows import Instance, Json

__all__ = [
    "Action",
    "After",
    "Answer",
    "Call",
    "Callback",
    "Change",
    "Handler",
    "Instance",
    "Instances",
    "Json",
    "Later",
    "RefusedError",
    "Vendor",
]

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Call:
    """One call to a vendor, at its business time."""

    at: datetime
    #: `<customer>/<reference>`, and the caller's own reference.
    service: str
    reference: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = field(default_factory=dict)

    @property
    def platform_id(self) -> str:
        """The instance that the path names."""
        return self.path["platform_id"]

    def read(self, model: type[M]) -> M:
        """Read the body, taken literally; what does not fit, or is not known, is answered 422 with every fault."""
        return model.model_validate(self.body, strict=True, extra="forbid")


@dataclass(frozen=True)
class Callback:
    """A signed message to Turnup about the instance."""

    kind: str
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True)
class After:
    """A change of the instance after a while of business time; zero: at once, beside the answer."""

    delay: timedelta
    change: "Change"
    arguments: Json = field(default_factory=dict)


Later = tuple[After | Callback, ...]
Change = Callable[[Instance, Json], Later]


@dataclass(frozen=True)
class Answer:
    """What the vendor answers at once, and what follows from it."""

    body: Json
    status: int = 200
    #: About the instance that the handler looked at or created last.
    later: Later = ()


Handler = Callable[[Call, Instances], Answer]


@dataclass(frozen=True)
class Action:
    """A method and path of the vendor's API, below `/<product>`; named after its handler unless `called` otherwise."""

    method: str
    path: str
    handler: Handler
    #: Of several actions on one path, the one whose fields the body has is meant.
    where: Json = field(default_factory=dict)
    called: str | None = None
    #: People do it, at the vendor's own door: it is no effect of ours, and has no reference.
    is_for_people: bool = False
    #: What a person finds in a mail for it, the group of a pattern; it is sent as `code`.
    reads: str = ""

    @property
    def name(self) -> str:
        """The action in `/effects` and `/faults`."""
        return self.called or self.handler.__name__

    @property
    def is_changing(self) -> bool:
        """True if a call has an effect."""
        return self.method != "GET"

    @property
    def has_effect(self) -> bool:
        """True if a call is one of those that `/effects` tells."""
        return self.is_changing and not self.is_for_people


@dataclass(frozen=True)
class Vendor:
    """A vendor's machine, as far as it is played."""

    product: str
    actions: tuple[Action, ...]
    #: Every change that an `After` may name.
    changes: tuple[Change, ...] = ()
    #: What people do by themselves where no script says what they do, by their action.
    habits: Mapping[str, Change] = field(default_factory=dict)

    @property
    def changes_by_name(self) -> Mapping[str, Change]:
        """The changes as the file names them."""
        return {change.__name__: change for change in self.changes}
