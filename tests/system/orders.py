"""Commands as upstream systems send them, and the ledger of what became of each."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.system.client import Client, NoAnswer, Refused

SOURCE = "upstream"
PRODUCT = "cloud_pbx"
CUSTOMERS = ("acme", "blitz", "corvo", "delta")

#: The Admins of every customer.
ADMINS = ("anna", "bruno")

#: How many mobile lines a customer may have, and how many numbers he has for them.
ENTITLEMENTS, NUMBERS = 10, 12

Command = Mapping[str, Any]


def customer(name: str) -> Command:
    """Return the record of a customer."""
    data = {
        "version": 1,
        "name": name.title(),
        "country": "IT",
        "admins": [{"name": each.title(), "email": f"{each}@{name}.example"} for each in ADMINS],
        "entitlements": {"mobile_line": ENTITLEMENTS},
        "sites": [{"name": "Milano", "emergency_address": "Via Dante 1, Milano"}],
        "numbers": [{"e164": each, "site": "Milano"} for each in numbers_of(name)],
    }
    event = {"id": f"customer-{name}", "type": "turnup.customer.changed", "subject": name}
    return {"specversion": "1.0", "source": SOURCE, **event, "data": data}


def numbers_of(customer: str) -> list[str]:
    """Return the telephone numbers of a customer."""
    first = 10_000 * (CUSTOMERS.index(customer) + 1)
    return [f"+390200{first + number}" for number in range(NUMBERS)]


def command(
    verb: str, service: str, identity: str, product: str = PRODUCT, **data: object
) -> Command:
    """Return a command about `<customer>/<reference>`; its id is its correlation id too."""
    return {
        "specversion": "1.0",
        "source": SOURCE,
        "id": identity,
        "correlationid": identity,
        "type": f"turnup.{product}.{verb}",
        "subject": service,
        "data": data,
    }


def activate(service: str, identity: str) -> Command:
    """Return the command to activate a telephone system."""
    return command("activate", service, identity, name=f"PBX of {service}", extensions=3)


def deactivate(service: str, identity: str) -> Command:
    """Return the command to deactivate it."""
    return command("deactivate", service, identity, reason="moved away")


def service_name(number: int, kind: str = "pbx") -> str:
    """Return the name of a service; the customers have about the same number of them."""
    return f"{CUSTOMERS[number % len(CUSTOMERS)]}/{kind}-{number:04}"


class Ledger:
    """What was asked for and what was answered, only ever added to; every thread may write."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._file = file
        #: How often each command was sent.
        self.attempts: dict[str, int] = defaultdict(int)
        #: The operations that were answered to each command: one, if all is well.
        self.acknowledged: dict[str, set[str]] = defaultdict(set)
        #: Why a command was refused.
        self.refused: dict[str, str] = {}
        #: The commands that once got no answer.
        self.unanswered: set[str] = set()
        #: The commands that the broker said it has.
        self.published: set[str] = set()

    def attempt(self, identity: str) -> None:
        """Note that a command is about to be sent."""
        with self._lock:
            self.attempts[identity] += 1
            self._write("attempted", identity, "")

    def answer(self, identity: str, outcome: Mapping[str, Any]) -> None:
        """Note the outcome of a command."""
        with self._lock:
            if found := outcome.get("operation"):
                self.acknowledged[identity].add(found["id"])
                self._write("acknowledged", identity, found["id"])
            else:
                self.refused[identity] = outcome["problem"]["reason"]
                self._write("refused", identity, self.refused[identity])

    def silence(self, identity: str, why: Exception) -> None:
        """Note that a command got no answer."""
        with self._lock:
            self.unanswered.add(identity)
            self._write("unanswered", identity, str(why))

    def publish(self, identity: str) -> None:
        """Note that the broker has a command."""
        with self._lock:
            self.published.add(identity)
            self._write("published", identity, "")

    @property
    def operations(self) -> set[str]:
        """The operations that were acknowledged."""
        with self._lock:
            return {each for found in self.acknowledged.values() for each in found}

    def _write(self, what: str, identity: str, told: str) -> None:
        """Add a line to the file, if there is one."""
        if self._file:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([what, identity, told]) + "\n")


def hand_in(door: Client, ledger: Ledger, commands: Iterable[Command]) -> bool:
    """Send a batch once, and note all that is known of it; return whether it was answered."""
    batch = list(commands)
    for each in batch:
        ledger.attempt(each["id"])
    try:
        outcomes = door.submit(batch)
    except (NoAnswer, Refused) as error:
        for each in batch:
            ledger.silence(each["id"], error)
        return False
    for each, outcome in zip(batch, outcomes, strict=True):
        ledger.answer(each["id"], outcome)
    return True
