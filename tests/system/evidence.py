"""What the outside sees of a fleet once it is quiet: all that the invariants are judged by."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.system.fleet import Fleet
from tests.system.looking import Inventory, Looker
from tests.system.mailbox import Mailbox
from tests.system.mailed import mailed_codes
from tests.system.orders import Ledger

Json = dict[str, Any]

#: The states in which an operation is over.
ENDS = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True)
class Evidence:
    """What was asked for, what is stored, what the vendors did, and what upstream was told."""

    ledger: Ledger
    operations: Mapping[str, Json]
    histories: Mapping[str, list[Json]]
    services: Mapping[str, Json]
    tickets: list[Json]
    effects: list[Json]
    events: list[Json]
    #: What came by AMQP and was not accepted.
    dead: list[Json] = field(default_factory=list)
    inventory: Inventory = field(default_factory=Inventory)
    #: The codes that were mailed.
    codes: frozenset[str] = frozenset()

    def tickets_of(self, operation: str) -> list[Json]:
        """The tickets of an operation."""
        return [each for each in self.tickets if each["operation"] == operation]

    def effects_of(self, operation: str) -> list[Json]:
        """What the vendors did for an operation."""
        return [each for each in self.effects if owner_of(each) == operation]

    @property
    def rejections(self) -> Mapping[str, Json]:
        """The events that tell of what came by AMQP and was not accepted, by what they call it."""
        is_one = (each for each in self.events if each["type"].endswith(".rejected"))
        return {each["partitionkey"]: each for each in is_one}

    @property
    def events_by_owner(self) -> Mapping[str, list[Json]]:
        """The events of each operation and service, in the order in which they came."""
        found: dict[str, list[Json]] = defaultdict(list)
        for event in self.events:
            found[event["partitionkey"]].append(event)
        return found


def owner_of(effect: Json) -> str:
    """Return the operation for which something was done."""
    return str(effect["key"]).partition(":")[0]


def moment_of(text: str) -> datetime:
    """Return a time that was told."""
    return datetime.fromisoformat(text)


def collect(fleet: Fleet, ledger: Ledger, mailbox: Mailbox) -> Evidence:
    """Ask for all of it."""
    operations = {each["id"]: each for each in fleet.door.all_of("/v1/operations")}
    services = {each["id"]: each for each in fleet.door.all_of("/v1/services")}
    paths = [("operations", name) for name in operations] + [
        ("services", name) for name in services
    ]
    return Evidence(
        ledger,
        operations,
        {name: fleet.door.get(f"/v1/{kind}/{name}/history") for kind, name in paths},
        services,
        fleet.door.all_of("/v1/tickets"),
        fleet.vendor.get("/effects"),
        mailbox.read(),
        fleet.door.get("/v1/dead-letters") if fleet.has("intake") else [],
        Looker(fleet.database).inventory(),
        mailed_codes(fleet.mails),
    )
