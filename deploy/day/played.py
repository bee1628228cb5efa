"""The simulated platforms as a run sees them: their clock, their faults, and what really happened."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from schema.errors import Fault, Refusal, Refused

#: How long the simulator may take to answer, in seconds; it moves through all that is due.
PATIENCE = 60.0

#: What is raised where somebody else answers, or nobody.
NO_SIMULATOR = (OSError, HTTPException, ValueError, LookupError, TypeError)


@dataclass(frozen=True, slots=True)
class PlayedTime:
    """What time it is for the vendors, when something is due there next, and whether they are at work."""

    now: str
    next_due: datetime | None
    is_busy: bool


class Played:
    """Talks with the simulator, for one thread, on one connection."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        parts = urlsplit(url)
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=patience)

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def time(self) -> PlayedTime:
        """Ask for the vendors' time."""
        return _time(self._ask("GET", "/clock")[1])

    def move(self, now: str, to: datetime) -> PlayedTime:
        """Move the vendors' time from where it stands; all that is due on the way happens, each at its own time.

        Vendors that are ahead stay where they are. Raises `Refused` where their time cannot be moved.
        """
        to = max(to, datetime.fromisoformat(now))
        status, answer = self._ask("PUT", "/clock", {"from": now, "to": to.isoformat()})
        if status != HTTPStatus.OK:
            detail = f"the simulator does not move its clock: {answer}"
            raise Refused(Refusal("clock_moved", 409, detail))
        return _time(answer)

    def add_fault(self, body: Mapping[str, Any]) -> Refusal | None:
        """Ask for a fault; return everything that is wrong with it, if something is."""
        return self._hand_over("/faults", body, "the simulator plays no such fault")

    def add_person(self, body: Mapping[str, Any]) -> Refusal | None:
        """Give somebody his part; return everything that is wrong with it, if something is."""
        return self._hand_over("/people", body, "nobody can be played so")

    def people(self) -> Sequence[Mapping[str, Any]]:
        """Return who does what, when, and what came of it, in the order of the script."""
        people: Sequence[Mapping[str, Any]] = self._ask("GET", "/people")[1]
        return people

    def effects(self) -> Sequence[Mapping[str, Any]]:
        """Return what really happened, in order."""
        effects: Sequence[Mapping[str, Any]] = self._ask("GET", "/effects")[1]
        return effects

    def _hand_over(self, path: str, body: Mapping[str, Any], otherwise: str) -> Refusal | None:
        """Hand over what is to be played; return everything that is wrong with it, if something is."""
        status, answer = self._ask("POST", path, body)
        if status == HTTPStatus.CREATED:
            return None
        found = [(f"/data/{each['field']}", each["problem"]) for each in answer["problems"]]
        faults = tuple(Fault(pointer.rstrip("/"), said) for pointer, said in found)
        return Refusal("not_played", status, otherwise, faults)

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, Any]:
        """Send a request and return status and answer."""
        sent = None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, sent, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"null")


def _time(told: Mapping[str, Any]) -> PlayedTime:
    """Return the clock as it was told."""
    due = told["next_due"]
    return PlayedTime(told["now"], datetime.fromisoformat(due) if due else None, told["busy"])
