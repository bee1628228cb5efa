"""What a product may look at when it is asked for a verb, and what it says that a verb takes (CO-1, CO-11).

A product answers from the command and from what is stored, never from its platform: a door has no time to ask that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from schema.customer import Customer


class Found(NamedTuple):
    """Another service of the same customer: its product, where it stands, and what is known of it."""

    product: str
    state: str
    facts: Mapping[str, Any]


class Asked(NamedTuple):
    """A command at the door, and what is stored about its service (`state` None: there is none yet).

    `fields` are the command's as JSON, its secrets sealed. `holders` names the services that have something of a kind
    in a scope, `find` another service of the customer by its reference, `listed` a list of the platform's as workers
    read it last (None: not yet). `limits` are the product's, by the settings.
    """

    customer: str
    record: Customer
    reference: str
    state: str | None
    facts: Mapping[str, Any]
    fields: Mapping[str, Any]
    holders: Callable[[str, str], Sequence[str]]
    find: Callable[[str], Found | None]
    listed: Callable[[str], Any]
    limits: Mapping[str, Any]


class Thing(NamedTuple):
    """What only one service has at a time: a MAC address, an extension at a site; asked for in `field`."""

    kind: str
    scope: str
    name: str
    field: str
    detail: str = ""


class Place(NamedTuple):
    """One of `most` places in a scope, such as those of a workspace; they are the things 1 to `most` of it."""

    kind: str
    scope: str
    most: int
    field: str


class Wanted(NamedTuple):
    """A telephone number of the customer's; asked for in `field`."""

    e164: str
    field: str


class Takes(NamedTuple):
    """What an operation takes as it is accepted.

    It has all of it for its service once it succeeds, and what that had before of the same kinds is free then; where
    it fails or is cancelled, it gives all of it back. What the service has already is not taken again.
    """

    things: tuple[Thing, ...] = ()
    places: tuple[Place, ...] = ()
    numbers: tuple[Wanted, ...] = ()


NOTHING = Takes()


class Beside(NamedTuple):
    """Another service that comes to be with a new one, at rest in a state, such as the workspace of a device (SD-5).

    It has what it `takes` from then on, and goes with the new one where that never is (CO-10), unless somebody else has
    something of the kind `state` in the scope `<customer>/<reference>` by then. Asked for in `field`.
    """

    reference: str
    field: str
    state: str
    facts: Mapping[str, Any]
    takes: Takes = NOTHING
