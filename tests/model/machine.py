"""The machine: does to a world whatever may happen to one, in any order, and compares it with the model."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema.errors import Refusal
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
    ("lost_reply", "no_idempotency", "outage", "duplicate_callback", "reorder_callbacks", "never")
)

ENDS = frozenset({"succeeded", "failed", "cancelled"})

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

    @initialize()
    def first(self) -> None:
        """Begin with one service under way, for most things need one."""
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
        if owed == "cancelled":
            self.learn()
            assert self.plain.asked[key].ended == "cancelled"

    @rule(kind=st.sampled_from(("instances_on", "instances_off", "nonsense")))
    def signal(self, kind: str) -> None:
        """A signal that is early, false or for nobody changes nothing that is not so."""
        self.world.signal(kind, reference="op_1", signal_id=f"{kind}-false")
        self.world.signal(kind, platform_id="pbx-nobody", signal_id=f"{kind}-nobody")

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
        """The workers do what they have at hand."""
        self.world.run()

    @rule()
    def hear(self) -> None:
        """The platform's callbacks arrive."""
        self.world.hear()

    @rule()
    def work(self) -> None:
        """All that can be done now is done."""
        self.world.work()

    @rule(pause=PAUSES)
    def wait(self, pause: timedelta) -> None:
        """Time goes on, through all that is due on the way."""
        self.world.settle(pause)

    @rule(pause=PAUSES)
    def jump(self, pause: timedelta) -> None:
        """Time goes on while nobody is at work; who comes back first decides what was missed."""
        self.world.move_time(pause)
        self.world.waker.once()

    @rule()
    def crash(self) -> None:
        """A worker dies with all it had in memory; another one starts."""
        self.world.crash()
        self.world.boot()

    @rule(fault=FAULTS, count=st.integers(1, 3))
    def break_platform(self, fault: str, count: int) -> None:
        """The platform misbehaves for a while."""
        self.world.platform.fault("cloud_pbx", fault, count=count)  # type: ignore[arg-type]

    @rule(is_away=st.booleans())
    def cut(self, is_away: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """The platform goes away, or comes back."""
        self.world.platform.is_unreachable = is_away

    @invariant()
    def holds(self) -> None:
        """The invariants hold after every step."""
        self.learn()
        self.world.check()

    def teardown(self) -> None:
        """Once the platform is well, everything ends as the model says, or waits with a ticket."""
        try:
            self.world.platform.mend()
            self.world.settle(LONG_ENOUGH)
            self.learn()
            self.world.check()
            for service in self.world.rows.all("service"):
                assert service["state"] == self.plain.states[service["reference"]]
            for operation in self.world.rows.all("operation"):
                assert operation["state"] in ENDS or operation["ticket"], operation
        finally:
            self.world.close()

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
