"""The plain model: what a cloud telephone system's door and ends owe, in a few dictionaries.

It knows the rules as PRODUCTS.md says them and nothing of how they are kept. The only things it takes
from the system are when an operation began and how it ended, for that is the platform's to decide.
"""

from dataclasses import dataclass, field

#: What the table says for a verb that nothing is under way against: the state -> the answer.
TABLE: dict[str, dict[str | None, str]] = {
    "activate": {None: "accepted", "active": "already", "deactivated": "accepted"},
    "deactivate": {"active": "accepted", "deactivated": "already"},
}

#: Where a service is while a verb is carried out, and where it is when that is done.
DURING = {"activate": "activating", "deactivate": "deactivating"}
DONE = {"activate": "active", "deactivate": "deactivated"}


@dataclass
class Asked:
    """One operation: what was asked, from which state, whether it has begun, and how it ended."""

    reference: str
    verb: str
    before: str
    has_begun: bool = False
    is_given_up: bool = False
    ended: str | None = None


@dataclass
class Plain:
    """Services by reference with their states, and operations by key."""

    states: dict[str, str] = field(default_factory=dict)
    asked: dict[int, Asked] = field(default_factory=dict)

    def under_way(self, reference: str) -> Asked | None:
        """Return what is under way on a service."""
        open_ = (each for each in self.asked.values() if each.ended is None)
        return next((each for each in open_ if each.reference == reference), None)

    def answer(self, reference: str, verb: str) -> str:
        """Return what the door owes a command: accepted, already, busy, or not allowed (CO-1, CO-6, CO-8)."""
        state = self.states.get(reference)
        if state is None and verb != "activate":
            return "no_such_service"
        if self.under_way(reference) and state != "new":
            return "busy"
        return TABLE[verb].get(state, "state_not_allowed")

    def accept(self, key: int, reference: str, verb: str) -> None:
        """Note an operation that was taken."""
        before = self.states.setdefault(reference, "new")
        self.asked[key] = Asked(reference, verb, before)

    def begin(self, key: int) -> None:
        """Note that work on an operation has begun."""
        asked = self.asked[key]
        if not asked.has_begun:
            asked.has_begun = True
            self.states[asked.reference] = DURING[asked.verb]

    def end(self, key: int, how: str) -> None:
        """Note how an operation ended, and where that leaves its service (CO-10)."""
        asked = self.asked[key]
        assert how in ({"cancelled"} if asked.is_given_up else {"succeeded", "failed"}), (key, how)
        asked.ended = how
        back = "deleted" if asked.before == "new" else asked.before
        self.states[asked.reference] = DONE[asked.verb] if how == "succeeded" else back

    def cancelling(self, key: int) -> str:
        """Return what a cancel is owed: cancelled, undone, refused, or nothing to cancel."""
        asked = self.asked[key]
        if asked.ended == "cancelled" or not (asked.ended or asked.has_begun):
            return "cancelled"
        if asked.ended is not None:
            return "nothing_to_cancel"
        return "undone" if asked.verb == "activate" else "refused"

    def cancel(self, key: int) -> None:
        """Note that an operation was cancelled, and has to end so."""
        self.asked[key].is_given_up |= self.cancelling(key) in {"cancelled", "undone"}
