"""What follows from a call: changes at their time, and the callbacks that tell of them."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from workers.simulator.clock import as_moment, as_text
from workers.simulator.faults import as_timedelta
from workers.simulator.people import People
from workers.simulator.plans import Plans
from workers.simulator.rows import Cause, Event, Notification, digest
from workers.simulator.rules import Met, Rules
from workers.simulator.store import Store, as_json
from workers.simulator.vendor import After, Callback, Later, Vendor

#: How long a callback is held back when no other one comes to overtake it.
LONGEST_HOLD = timedelta(minutes=10)

log = logging.getLogger(__name__)


class UndeclaredChangeError(Exception):
    """A vendor plans a change that is not in its table of changes."""


@dataclass(frozen=True)
class Happenings:
    """Plans what follows from calls, and lets it happen; the caller holds the transaction."""

    store: Store
    plans: Plans
    rules: Rules
    vendors: Mapping[str, Vendor]
    #: The products whose callbacks somebody wants.
    wanted: Collection[str]

    @property
    def people(self) -> People:
        """The people of the script."""
        return People(self.store)

    def follow(self, cause: Cause, later: Later, at: str) -> None:
        """Plan and send what a handler or a change said follows."""
        met = self.rules.meeting(cause, at)
        for number, item in enumerate(later):
            itself = replace(cause, id=f"{cause.id}.{number}")
            if isinstance(item, After):
                self._plan(itself, item, at, met)
            elif cause.product in self.wanted:
                self._tell(itself, item, at, met)

    def change(self, event: Event) -> None:
        """Let a planned change happen, at its own time."""
        cause = event.cause
        instance = self.store.instance(cause.product, cause.platform_id or "")
        vendor = self.vendors.get(cause.product)
        change = vendor.changes_by_name.get(event.change) if vendor else None
        if instance is None or change is None:
            log.error("change_dropped product=%s change=%s", cause.product, event.change)
            return
        later = change(instance, event.arguments)
        self.store.save_instance(cause.product, instance)
        if instance.is_removed:
            self.store.remove_instance(cause.product, instance.platform_id)
            self.plans.drop_events(cause.product, instance.platform_id)
        self.follow(cause, later, event.due_at)

    def _plan(self, cause: Cause, after: After, at: str, met: Met) -> None:
        if self._is_played(cause, after) or met.take("never"):
            return
        slow = met.take("slow")
        delay = after.delay + (as_timedelta(slow.value) if slow else timedelta())
        name = after.change.__name__
        if name not in self.vendors[cause.product].changes_by_name:
            raise UndeclaredChangeError(f"{cause.product} does not declare the change {name}")
        self.plans.add_event(Event(_later(at, delay), name, after.arguments, cause))

    def _is_played(self, cause: Cause, after: After) -> bool:
        """Tell whether people would do this by themselves, and a script says what they do."""
        habits = self.vendors[cause.product].habits.items()
        does = [name for name, change in habits if change is after.change]
        return bool(does) and self.people.plays(cause.service, does[0])

    def _tell(self, cause: Cause, callback: Callback, at: str, met: Met) -> None:
        if met.take("no_callback"):
            return
        late = met.take("late_callback")
        due_at = _later(at, as_timedelta(late.value)) if late else at
        lane = f"{cause.product}/{cause.platform_id}"
        body = _body(cause, callback, at)
        new = Notification(due_at, cause.product, cause.service, lane, body)
        sent = self._held(new, at, met) or new
        self.plans.add_notification(sent)
        twice = met.take("duplicate_callback")
        if twice:
            again = _later(sent.due_at, as_timedelta(twice.value or 0))
            self.plans.add_notification(replace(sent, due_at=again))
        if sent is new:
            self.plans.release_held(new, at)

    def _held(self, new: Notification, at: str, met: Met) -> Notification | None:
        """Hold a callback back, unless it is the one that overtakes another."""
        if self.plans.is_one_held(new.product, new.service, at):
            return None
        rule = met.take("reorder_callbacks")
        if rule is None:
            return None
        longest = as_timedelta(rule.value) if rule.value is not None else LONGEST_HOLD
        return replace(new, due_at=_later(new.due_at, longest), held_for=rule.service or "")


def _body(cause: Cause, callback: Callback, at: str) -> str:
    """Write the signal of DESIGN 6; its id is the same in every run."""
    return as_json(
        {
            "id": f"evt_{digest(cause.id)}",
            "at": at,
            "reference": cause.reference or None,
            "platform_id": cause.platform_id,
            "kind": callback.kind,
            "facts": callback.facts,
        }
    )


def _later(at: str, delay: timedelta) -> str:
    return as_text(as_moment(at) + delay)
