"""What a product promises: its states, its verbs, and the published table *state x verb*.

A door reads the table to refuse a command (CO-1, CO-6), the engine to move a service; nothing else moves one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import cache
from typing import Any, Literal

from schema.asking import NOTHING, Asked, Beside, Takes
from schema.calendar import Limit, WorkCalendar, minutes
from schema.command import Command
from schema.errors import Refusal

#: A service that was accepted and has not begun; only `cancel` is allowed then (CO-10).
NEW = "new"

#: The end of every service; its reference is never used again (CO-10).
DELETED = "deleted"


#: The deadline where no rule gives one (CO-9).
QUARTER_OF_AN_HOUR = minutes(15)


class Cell(Enum):
    """What the table says for a verb in a state."""

    YES = "Y"
    NO = "N"
    ALREADY = "="
    BUSY = "N busy"
    NOTHING_TO_CANCEL = "-"


def row(states: tuple[str, ...], *cells: Cell) -> dict[str, Cell]:
    """Return one row of a table, a cell for each state in their order."""
    return dict(zip(states, cells, strict=True))


@dataclass(frozen=True, slots=True)
class Moves:
    """Where a verb takes a service: while it is carried out, `at` the beginning of a step, and done.

    One that is carried out in several states may be `done` in a state for each (those not named stay), or in none of
    its own: then it leaves the service where it is. Where its last step learns a `state` that is among `finds`, or any
    step waits with one, that is where the platform has the service, and so have we (ML-9, BU-4).
    """

    done: str | Mapping[str, str] | None = None
    during: str | None = None
    at: Mapping[str, str] = field(default_factory=dict)
    finds: frozenset[str] = frozenset()

    def done_in(self, state: str | None) -> str | None:
        """Return where a service is once the verb is done that is in a state now; None: where it is."""
        return self.done.get(state or "") if isinstance(self.done, Mapping) else self.done


@dataclass(frozen=True, slots=True)
class Promise:
    """A limit that is counted by somebody else's calendar than the customer's."""

    limit: Limit
    calendar: WorkCalendar

    def __str__(self) -> str:
        """Return it as people read it, such as `2bd by IT, Europe/Rome`."""
        where = "-".join(filter(None, (self.calendar.country, self.calendar.region)))
        return f"{self.limit} by {where}, {self.calendar.time_zone}"


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb of a product: its fields, its deadline, its row of the table and its moves.

    `through` lists the verbs that are carried out beside it while it waits, `replaced_by` those that then end it
    (CO-8); `secrets` the fields (text) that are sealed before they are stored (CO-4), `needs` the secret of the
    service that has to be valid. One that is `confirmable` waits for a code (CP-5): `limit` is until that is mailed,
    `confirmed` what holds from its acceptance (CP-8). `steps` is what a dry run tells of its workflow, `severity` how
    bad a missed deadline is (CO-12), `advice` what the answer to it says (BU-7), `cancel` where it can be cancelled, as
    far as its product says otherwise (CO-3). `wants` says what it takes (CO-11), and where the table says yes, `guard`
    has the last word: why not, `ALREADY`, or None; it is asked again as the operation begins (CO-1, CO-13). `makes`
    names a service that one which `creates` makes beside its own, `knows` the facts that its own begins with.
    `columns` is what columns of a file are called that have another name than their field (SA-2).
    One that `hands_over` is not undone when it is replaced: what replaces it goes on from what it has done.
    """

    command: type[Command]
    takes: Mapping[str, Cell]
    moves: Moves
    limit: Limit = QUARTER_OF_AN_HOUR
    creates: bool = False
    through: frozenset[str] = frozenset()
    replaced_by: frozenset[str] = frozenset()
    hands_over: bool = False
    secrets: frozenset[str] = frozenset()
    needs: str | None = None
    confirmable: bool = False
    confirmed: Promise | None = None
    severity: str = "normal"
    steps: tuple[str, ...] = ()
    advice: str | None = None
    cancel: Mapping[str, Cell] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    wants: Callable[[Asked], Takes] | None = None
    guard: Callable[[Asked], Refusal | Cell | None] | None = None
    makes: Callable[[Asked], Beside | None] | None = None
    knows: Callable[[Asked], Mapping[str, Any]] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The verb as it stands in a command's type."""
        return snake_case(self.command.__name__)

    def takings(self, asked: Asked) -> Takes:
        """Return what it takes for the service."""
        return self.wants(asked) if self.wants else NOTHING


#: How often a service is visited where nobody says otherwise (CO-14).
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Product:
    """One product: everything about it that both sides share.

    `hears` is what a platform's signal about a service does when it is stored, with or without an operation: kind ->
    state -> new state. It is about the service only where its fact `heard_of` is the service's own, and applied only
    where its fact `sequence` is higher than that of the last one (ML-6); `learns` says which facts the service keeps
    of such a kind and what it told. `uses` names the secret that a kind uses up,
    `expires` the one that it says to work no more (ML-4).
    A product that `takes_entitlement` takes one from the customer's pool for each service (CO-11). What its services
    are `reached_by` is a kind of thing: one that takes another of that kind lets the number go that it had. Its calls
    have the sub client type `call_mark` in the vendor's call history (ML-10). What a person needs beside one of its
    secrets, to use it, are the facts that it `logs_in_with`; a secret that was shown or is over is `renewed_by` a
    verb; `written` says how people write some of its facts. Each of its `limits` is a setting with this default.
    Operations for which `turns` (of verb and what is stored) names the same owner act one at a time (SD-8); one
    whose `severity` is high does not wait for one that only rests before its next try (SD-12).
    `rules` are its own, by number, each in one line.
    """

    name: str
    title: str
    desk: str
    states: tuple[str, ...]
    verbs: Mapping[str, Verb]
    cancel: Mapping[str, Cell]
    billed: frozenset[str] = frozenset()
    shown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    hears: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    heard_of: str | None = None
    learns: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] | None = None
    uses: Mapping[str, str] = field(default_factory=dict)
    expires: Mapping[str, str] = field(default_factory=dict)
    takes_entitlement: bool = False
    reached_by: str | None = None
    call_mark: str | None = None
    logs_in_with: tuple[str, ...] = ()
    renewed_by: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    limits: Mapping[str, int | bool] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    turns: Callable[[str, Asked], Sequence[str]] | None = None
    #: How often its platform is read for what has changed there without us (CO-14).
    visit_every: timedelta = A_DAY

    def allowed(self, state: str) -> tuple[str, ...]:
        """Return the verbs that the table allows in a state."""
        return tuple(name for name, verb in self.verbs.items() if verb.takes.get(state) is Cell.YES)

    def cancelling(self, verb: str, state: str) -> Cell:
        """Return whether a verb that has begun can be cancelled in a state (CO-3)."""
        own = self.verbs[verb].cancel.get(state)
        return own or self.cancel.get(state, Cell.NOTHING_TO_CANCEL)

    def billing_in(self, state: str) -> Literal["on", "off"]:
        """Return whether a service in this state is billed (CP-4)."""
        return "on" if state in self.billed else "off"

    def as_written(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return facts of a service as people write them; programs get them as they are kept."""
        mine = {name: write(facts[name]) for name, write in self.written.items() if facts.get(name)}
        return {**facts, **mine}

    def shown_in(self, state: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Return those facts of a service that may be shown in its state (CP-2), and are known."""
        return {
            name: value
            for name, value in facts.items()
            if value is not None and state in self.shown.get(name, frozenset())
        }


class Phase(Enum):
    """The moments at which an operation moves its service."""

    BEGUN = "begun"
    AT = "at"
    FOUND = "found"
    DONE = "done"
    UNDONE = "undone"


def move(verb: Verb, phase: Phase, state: str, before: str, found: str | None = None) -> str:
    """Return the state that a service is in after this phase of a verb; the one place where a service moves.

    `before` is the state from which the operation began: an undone first `activate` ends in `deleted` (CO-10), and
    whatever else is undone goes back to where it was, unless the verb had not moved it: then the platform may have,
    meanwhile (ML-6). `found` is the state that the last step has found, or the step that begins.
    """
    match phase:
        case Phase.BEGUN:
            return verb.moves.during or state
        case Phase.AT:
            return verb.moves.at.get(found or "", state)
        case Phase.DONE | Phase.FOUND if found in verb.moves.finds:
            return found or state
        case Phase.DONE:
            return verb.moves.done_in(state) or state
        case Phase.UNDONE:
            was = before if verb.moves.during else state
            return DELETED if before == NEW else was
    return state


def refusal_in(product: Product, verb: Verb, state: str | None) -> Refusal | None:
    """Return why a verb is refused in a state (`None`: no such service), or None where it is taken or already so."""
    if state is None:
        return None if verb.creates else _no_such_service()
    cell = verb.takes.get(state, Cell.NO)
    if cell in {Cell.YES, Cell.ALREADY}:
        return None
    if state == DELETED and verb.creates:
        detail = (
            "the reference belongs to a deleted service and is never used again; choose a new one"
        )
    else:
        detail = (
            verb.reasons.get(state) or f"{verb.name} is not possible while the service is {state}"
        )
    facts = {"state": state, "allowed": list(product.allowed(state))}
    return Refusal("state_not_allowed", 409, detail, facts=facts)


def published_table(product: Product) -> dict[str, dict[str, str]]:
    """Return the table *state x verb* as it is published: verb -> state -> `Y`, `N`, `N busy`, `=` or `-`."""
    rows = {
        name: {state: verb.takes.get(state, Cell.NO).value for state in product.states}
        for name, verb in product.verbs.items()
    }
    rows["cancel"] = {
        state: product.cancel.get(state, Cell.NOTHING_TO_CANCEL).value for state in product.states
    }
    return rows


@cache
def snake_case(name: str) -> str:
    """Return `ReportLost` as `report_lost`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip(
        "_"
    )


def _no_such_service() -> Refusal:
    """Return the refusal of a verb on a service that does not exist."""
    return Refusal("no_such_service", 404, "there is no such service; only activate makes one")
