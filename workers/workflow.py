"""How a product says what is done: a workflow is a table of steps, a step a coroutine with a way to ask and to undo.

A step makes at most one changing call. The engine calls `run` when a step begins; at every later look (after a wait,
a failed try, a crash, a takeover) it calls `ask` first, and runs again only what the platform says is absent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from schema.command import Command
from schema.customer import Customer

#: How long one run, question or undoing of a step may take, unless the step says otherwise.
STEP_LIMIT = timedelta(seconds=30)

Facts = Mapping[str, Any]

#: Of a step that learns nothing.
NOTHING: Facts = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail (or a short message) to each of these addresses, stored with the record of the look that asks for it.

    It goes out once for each operation, step, cycle, template and address: a step that means to mail again puts a
    `round` into the facts. Facts hold no secret, only its name.
    """

    template: str
    to: tuple[str, ...]
    facts: Mapping[str, str | int] = field(default_factory=dict)
    channel: Literal["mail", "sms"] = "mail"


@dataclass(frozen=True, slots=True)
class Secret:
    """What the platform gave and nobody may see (CO-4); an older one of the service and name becomes `replaced`."""

    name: str
    value: str = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SetDeadline:
    """Another deadline, later or now, for what is under way of a verb on the service, maybe this one (ML-4, ML-5)."""

    verb: str
    at: datetime
    why: str


class Done(NamedTuple):
    """The step has had its effect; `facts` is what it learned."""

    facts: Facts = NOTHING
    notices: tuple[Notice, ...] = ()
    secrets: tuple[Secret, ...] = ()
    sets_deadline: SetDeadline | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """The step has to wait: until a time (None: until a signal), for what, and which verbs may pass meanwhile.

    `found` is the state in which the platform has the service, where that is among what its verb `finds` (BU-4).
    """

    until: datetime | None
    why: str
    through: frozenset[str] = frozenset()
    notices: tuple[Notice, ...] = ()
    sets_deadline: SetDeadline | None = None
    found: str | None = None


Outcome = Done | Wait


@dataclass(frozen=True, slots=True)
class Present:
    """The platform says that the step's effect is there; the same as `Done` from here on."""

    facts: Facts = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    secrets: tuple[Secret, ...] = ()
    sets_deadline: SetDeadline | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The platform says that the step's effect is not there, and not on its way."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The platform cannot say yet, or is at it: look again at `until`, and let these verbs pass meanwhile."""

    until: datetime
    why: str
    through: frozenset[str] = frozenset()


Answer = Present | Absent | Unclear


@dataclass(frozen=True, slots=True)
class Signal:
    """Something the platform told by itself about this operation."""

    kind: str
    at: datetime
    facts: Facts


class Service(NamedTuple):
    """The service as it stands: names, state, what the platform calls it, and what is known of it."""

    customer: str
    reference: str
    state: str
    platform_id: str | None
    facts: Facts
    #: Whether another service stands or falls with it, as a new workspace does with its device (CO-10).
    has_beside: bool = False

    @property
    def name(self) -> str:
        """The service as the outside names it."""
        return f"{self.customer}/{self.reference}"


class Work(NamedTuple):
    """All that a step may know: its command, its service, what earlier steps and the platform have told.

    `key` is the idempotency key of this step in this cycle, `reference` what the platform is to call us back with;
    both are the same however often the step runs, and so are the secret bytes that `made` gives by a name: the first
    are for use, those behind them came from the keys before. `secrets` says how the service's secrets stand, by name
    (`valid`, `used`, `expired`, `replaced`, `void`), `mailed` which causes a mail server has accepted, and when;
    `limits` are the product's, by the settings.
    """

    operation: str
    installation: str
    key: str
    command: Command
    customer: Customer
    service: Service
    secrets: Mapping[str, str]
    mailed: Mapping[str, datetime]
    facts: Mapping[str, Facts]
    signals: Sequence[Signal]
    now: datetime
    deadline_at: datetime
    attempt: int
    made: Callable[[str], Sequence[bytes]]
    limits: Mapping[str, int | bool]

    @property
    def reference(self) -> str:
        """What a platform has to send along when it calls back."""
        return f"{self.operation}/{self.installation}"

    def cause(self, notice: Notice, address: str) -> str:
        """Return what a notice of this step to an address is stored and sent under, once for ever."""
        again = f":{notice.facts['round']}" if "round" in notice.facts else ""
        return f"{self.key}:{notice.template}:{address}{again}"


#: Returns how the platform has a service: a state of the product, other words for what is none, or None where it
#: cannot say now. What is gone there is a `StateChanged`.
Read = Callable[[Work, Any], Awaitable[str | None]]
Run = Callable[[Work, Any], Awaitable[Outcome]]
Ask = Callable[[Work, Any], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Step:
    """One step; its name is its function's. `keeps` names those of its facts that the service keeps."""

    run: Run
    ask: Ask | None = None
    undo: Run | None = None
    keeps: tuple[str, ...] = ()
    limit: timedelta = STEP_LIMIT

    #: The name under which the step's facts are stored: its function's.
    name: str = field(init=False)

    def __post_init__(self) -> None:
        name = getattr(self.run, "__name__")  # noqa: B009  a step is a named function
        object.__setattr__(self, "name", name)  # read too often to be computed each time


@dataclass(frozen=True, slots=True)
class Workflow:
    """What one verb of a product does; from the step `no_return` on nothing is undone (CO-3)."""

    command: type[Command]
    steps: tuple[Step, ...]
    no_return: str | None = None

    def place(self, name: str) -> int:
        """Return where a step stands in the table; raise `LookupError` for a step that this version lacks (I11)."""
        for place, step in enumerate(self.steps):
            if step.name == name:
                return place
        msg = f"this version has no step {name}"
        raise LookupError(msg)

    def is_past_return(self, name: str) -> bool:
        """Return whether an operation at this step can no longer go back."""
        return self.no_return is not None and self.place(name) >= self.place(self.no_return)
