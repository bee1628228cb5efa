"""A whole fleet at work: with customers, moving time, a queue of events, and a ledger."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from schema.command import rfc3339
from tests.system.evidence import ENDS, Evidence, collect, moment_of
from tests.system.fleet import EVERYBODY, Fleet
from tests.system.invariants import INVARIANTS
from tests.system.mailbox import Mailbox
from tests.system.orders import CUSTOMERS, PRODUCT, Command, Ledger, customer, hand_in
from tests.system.pilot import STRIDE, Pilot
from tests.system.waiting import until


@dataclass(frozen=True)
class Stage:
    """A fleet that works, and all that a test does with it."""

    fleet: Fleet
    pilot: Pilot
    mailbox: Mailbox
    ledger: Ledger

    def hand_in(self, commands: Iterable[Command], size: int = 17) -> None:
        """Send commands in batches, each once; every batch has to be answered."""
        waiting = list(commands)
        for first in range(0, len(waiting), size):
            batch = waiting[first : first + size]
            assert hand_in(self.fleet.door, self.ledger, batch), "the door did not answer"

    def fault(self, kind: str, value: object = None, **where: object) -> None:
        """Ask the vendors for a fault."""
        body = {"product": PRODUCT, "fault": kind, "value": value, **where}
        self.fleet.vendor.ask("POST", "/faults", body)

    def until(self, minutes: float) -> str:
        """Return the business time that is so many minutes after the start."""
        return rfc3339(self.fleet.start_time + timedelta(minutes=minutes))

    def effects(self) -> int:
        """Return how many effects there are."""
        return len(self.fleet.vendor.get("/effects"))

    def await_effects(self, number: int) -> None:
        """Wait for so many effects: work is under way then."""
        until(lambda: self.effects() >= number, f"{number} effects")

    def await_ends(self, but: int = 0, within: float = 120) -> None:
        """Wait until all but so many operations have ended."""
        what = f"all but {but} operations have ended"
        until(lambda: self.open_operations() <= but, what, within, pause=0.2)

    def open_operations(self) -> int:
        """Return how many operations have not ended."""
        found = self.fleet.door.all_of("/v1/operations")
        return sum(each["state"] not in ENDS for each in found)

    def await_ends_or_tickets(self, within: float) -> None:
        """Wait until every operation has ended, or somebody knows of it; time goes in great strides."""
        what = "every operation has an end or a ticket"
        until(lambda: not self._stride(), what, within, pause=0.2)

    def _stride(self) -> bool:
        """Let time go a third of the way to the next deadline at once; return whether there is one."""
        found = self.fleet.door.all_of("/v1/operations")
        still = [each for each in found if each["state"] not in ENDS and not each["ticket"]]
        if not still:
            return False
        next_deadline = min(moment_of(each["deadline_at"]) for each in still)
        way = next_deadline - moment_of(self.fleet.vendor.get("/clock")["now"])
        self.pilot.stride = max(STRIDE, way / 3)
        return True

    def settle(self) -> Evidence:
        """Wait until nothing can be done at this time, let time stand there, and collect the evidence."""
        self.pilot.stop()
        until(self.pilot.is_quiet, "nothing left to do")
        return collect(self.fleet, self.ledger, self.mailbox)


@contextmanager
def on_stage(
    fleet: Fleet, ledger: Ledger | None = None, names: tuple[str, ...] = EVERYBODY
) -> Iterator[Stage]:
    """Start these processes, load the customers, and let time move while the block runs."""
    with Mailbox(fleet.servers.rabbit.url, f"upstream-{fleet.door.port}") as mailbox:
        fleet.start(*names)
        outcomes = fleet.door.submit([customer(name) for name in CUSTOMERS])
        assert all(each["status"] == 200 for each in outcomes), outcomes
        pilot = Pilot(fleet.database, fleet.vendor, fleet.start_time)
        pilot.start()
        try:
            yield Stage(fleet, pilot, mailbox, ledger or Ledger())
        except BaseException:
            fleet.tell()
            raise
        finally:
            pilot.stop()


def check(evidence: Evidence) -> None:
    """Raise `AssertionError` where any invariant is broken."""
    for invariant in INVARIANTS:
        invariant(evidence)
