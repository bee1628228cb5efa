"""The machine: does to a world whatever may happen to one, in any order, and compares it with the model."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema.errors import Refusal
from schema.store.moments import stored
from schema.store.order import Accepted, Answer
from tests.model.plain import Plain
from tests.world.subjects import find_subjects
from tests.world.world import World

REFERENCES = st.sampled_from(("one", "two", "three"))
VERBS = st.sampled_from(("activate", "deactivate"))
PAUSES = st.sampled_from(
    (
        timedelta(seconds=1),
        timedelta(minutes=1),
        timedelta(minutes=12),
        timedelta(minutes=15, milliseconds=1),
        timedelta(hours=2),
    )
)
FAULTS = st.sampled_from(
    ("lost_reply", "outage", "duplicate_callback", "reorder_callbacks", "never")
)

ENDS = frozenset({"succeeded", "failed", "cancelled"})

#: What the platform shows of a service that nothing is under way on: power and access of its instances.
AT_REST: dict[str, list[tuple[str, bool]]] = {
    "active": [("on", True)],
    "deactivated": [("off", False)],
    "deleted": [],
}

#: So many deaths park nobody.
FEW = 3

#: How long the longest way to an end is, once the platform is well again.
LONG_ENOUGH = timedelta(days=2)


class Machine(RuleBasedStateMachine):
    """A world with telephone systems in it, and the model of it."""

    #: Gives the address of a fresh database for each world.
    url: ClassVar[Callable[[], str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(type(self).url(), (find_subjects()["cloud_pbx"],))
        self.plain = Plain()
        #: Whether the platform has lost something that nobody will ever finish.
        self.may_hang = False

    @initialize(is_keyless=st.booleans())
    def first(self, is_keyless: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Begin with one service under way, on a platform that knows idempotency keys or one that does not."""
        if is_keyless:
            self.world.platform.fault("cloud_pbx", "no_idempotency")
        self.submit("one", "activate")

    @rule(reference=REFERENCES, verb=VERBS)
    def submit(self, reference: str, verb: str) -> None:
        """A command gets the answer that the model owes it."""
        self.learn()
        owed = self.plain.answer(reference, verb)
        answer = self.world.ask(verb, reference)
        assert said(answer) == ("accepted" if owed == "already" else owed)
        if isinstance(answer, Accepted) and owed == "accepted":
            self.plain.accept(answer.operation, reference, verb)

    @precondition(lambda self: self.plain.asked)
    @rule(choice=st.randoms(use_true_random=False))
    def double(self, choice: random.Random) -> None:
        """The same command again is answered with the first operation (I2)."""
        key = choice.choice(sorted(self.plain.asked))
        answer = self.world.double(key)
        assert isinstance(answer, Accepted)
        assert (answer.operation, answer.is_repeat) == (key, True)

    @precondition(lambda self: self.plain.asked)
    @rule(choice=st.randoms(use_true_random=False))
    def cancel(self, choice: random.Random) -> None:
        """A cancel gets the answer that the model owes it."""
        self.learn()
        key = choice.choice(sorted(self.plain.asked))
        owed = self.plain.cancelling(key)
        answer = self.world.cancel(key)
        if owed in {"refused", "nothing_to_cancel"}:
            assert isinstance(answer, Refusal), (owed, answer)
        else:
            assert isinstance(answer, Accepted), (owed, answer)
        self.plain.cancel(key)
        if owed == "cancelled":
            self.learn()
            assert self.plain.asked[key].ended == "cancelled"

    @rule(kind=st.sampled_from(("instances_on", "instances_off", "nonsense")))
    def signal(self, kind: str) -> None:
        """A signal that is early, false or for nobody changes nothing that is not so."""
        before = self.signals()
        self.world.signal(kind, reference="op_1", signal_id=f"{kind}-false")
        self.world.signal(kind, platform_id="pbx-nobody", signal_id=f"{kind}-nobody")
        self.see_woken(before)

    @rule()
    def wake(self) -> None:
        """The waker makes a pass."""
        self.world.waker.once()

    @rule(choice=st.randoms(use_true_random=False))
    def deliver(self, choice: random.Random) -> None:
        """Messages arrive: some lost, some doubled, in any order."""
        messages = [each for each in self.world.queue for _ in range(choice.randrange(3))]
        choice.shuffle(messages)
        self.world.queue = messages
        self.world.deliver()

    @rule()
    def run(self) -> None:
        """The workers do what they have at hand, until they rest or one of them dies."""
        self.world.run()
        if self.world.points.is_dying:
            self.world.follow()

    @precondition(lambda self: len(self.world.deaths) < FEW)
    @rule(soon=st.integers(1, 12))
    def die(self, soon: int) -> None:
        """A worker is going to die at one of its next calls or writes, before or after it."""
        points = self.world.points
        points.dies_at = len(points.reached) + soon

    @rule()
    def hear(self) -> None:
        """The platform's callbacks arrive; who waits for one is due, as soon as its calls have settled."""
        before = self.signals()
        self.world.hear()
        self.see_woken(before)

    def signals(self) -> dict[int, int]:
        """Return how many signals each operation has had."""
        return {row["id"]: row["signals"] for row in self.world.rows.all("operation")}

    def see_woken(self, before: dict[int, int]) -> None:
        """See that each operation is due that waits and has had a signal since."""
        due = {row["operation_id"]: row for row in self.world.rows.all("due")}
        for row in self.world.rows.all("operation"):
            is_told = row["signals"] > before[row["id"]] and row["state"] == "waiting"
            if is_told and row["owner"] is None and not row["in_line"]:
                wake = due[row["id"]]
                assert wake["wake_at"] <= max(stored(self.world.now), wake["settles_at"]), row

    @rule()
    def work(self) -> None:
        """All that can be done now is done."""
        self.world.work()

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        """Time goes on, through all that is due on the way."""
        self.world.settle(pause)

    @rule(pause=PAUSES, is_worker_first=st.booleans())
    def jump(self, pause: timedelta, is_worker_first: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Time goes on while nobody is at work; who comes back first decides what was missed."""
        self.world.move_time(pause)
        if is_worker_first:
            self.world.deliver()
            self.run()
        self.world.waker.once()

    @rule()
    def crash(self) -> None:
        """A worker dies with all it had in memory; another one starts."""
        self.world.crash()
        self.world.boot()

    @rule(fault=FAULTS, count=st.integers(1, 3))
    def break_platform(self, fault: str, count: int) -> None:
        """The platform misbehaves for a while."""
        self.may_hang |= fault == "never"
        self.world.platform.fault("cloud_pbx", fault, count=count)  # type: ignore[arg-type]

    @rule()
    def refuse(self) -> None:
        """The platform refuses for good to make something."""
        self.world.platform.fault("cloud_pbx", "refuse", action="create_instances", count=1)

    @rule(is_away=st.booleans())
    def cut(self, is_away: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """The platform goes away, or comes back."""
        self.world.platform.is_unreachable = is_away

    @invariant()
    def holds(self) -> None:
        """The invariants hold after every step."""
        self.learn()
        self.world.check()
        acted = Counter((each.operation, each.action) for each in self.world.platform.effects())
        assert max(acted.values(), default=0) <= 1, acted

    def teardown(self) -> None:
        """Once the platform is well, everything ends as the model says, or waits with a ticket."""
        try:
            self.world.platform.mend()
            self.world.settle(LONG_ENOUGH)
            self.learn()
            self.world.check()
            for service in self.world.rows.all("service"):
                state = self.plain.states[service["reference"]]
                assert service["state"] == state
                self.see_the_platform_agree(service["reference"], state)
            for operation in self.world.rows.all("operation"):
                is_left = self.may_hang and operation["ticket"]
                assert operation["state"] in ENDS or is_left, operation
        finally:
            self.world.close()

    def see_the_platform_agree(self, reference: str, state: str) -> None:
        """What stands at the platform is what the service says, with nothing left over from what was undone."""
        shown = self.world.platform.shown(f"acme/{reference}").values()
        found = [(each["state"], each["access"]) for each in shown]
        assert state not in AT_REST or found == AT_REST[state], (reference, state, found)

    def learn(self) -> None:
        """Tell the model what has begun and what has ended."""
        for row in self.world.rows.all("operation"):
            asked = self.plain.asked.get(row["id"])
            if asked is None or asked.ended is not None:
                continue
            if row["epoch"] and not _is_unborn(row):
                self.plain.begin(row["id"])
            if row["state"] in ENDS:
                self.plain.end(row["id"], row["state"])


def machine_on(fresh: Callable[[], str]) -> type[Machine]:
    """Return the machine whose worlds stand on databases at these addresses."""
    return type("MachineOn", (Machine,), {"url": staticmethod(fresh)})


def said(answer: Answer) -> str:
    """Return an answer in the model's words."""
    return answer.reason if isinstance(answer, Refusal) else "accepted"


def _is_unborn(row: dict[str, object]) -> bool:
    """Return whether an operation was cancelled, or taken over, before any work on it began."""
    return row["state"] == "accepted" or (row["state"] == "cancelled" and row["turn"] == 0)
