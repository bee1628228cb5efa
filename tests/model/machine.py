"""The machine: does to a world whatever may happen to one, in any order, and compares it with the model.

What is here holds for every product; `troubles` are what platforms do, and `confirming` and `phoning` what people do
with codes and phones; `assembly` puts all of it together.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schema.errors import Refusal
from schema.store.order import Accepted, Answer
from tests.model.ending import see_ended, see_the_platform_agree
from tests.model.plain import Ask, Plain
from tests.model.plain_pools import PlainPool
from tests.model.plain_product import plain_of
from tests.model.post import Post
from tests.model.signalling import see_woken, signals
from tests.model.watching import Watcher
from tests.world.subjects import find_subjects
from tests.world.worker import LONG
from tests.world.world import World
from workers.waker import Waker

PAUSES = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(minutes=12),
    timedelta(minutes=15, milliseconds=1),
    timedelta(hours=1, seconds=1),
    timedelta(hours=2),
)
#: While nobody is at work; the last one is longer than a code lasts.
JUMPS = (*PAUSES, timedelta(days=91))

#: After so long the first verbs are under way, all but the users have done their part, and everything is at rest.
STARTS = (timedelta(seconds=1), timedelta(minutes=15), timedelta(hours=5))

#: So many deaths park nobody.
FEW = 3

#: How long the longest way to an end is, once the platform is well again; and until every deadline of days is past.
LONG_ENOUGH, LATER = timedelta(hours=8), timedelta(days=5)

#: How long a call may act whose answer was lost.
SETTLES = timedelta(seconds=3)


class Machine(RuleBasedStateMachine):
    """A world with services of every product in it, and the model of it."""

    #: Gives the address of a fresh database for each world.
    url: ClassVar[Callable[[], str]]

    def __init__(self) -> None:
        super().__init__()
        subjects = [each for name, each in sorted(find_subjects().items(), reverse=True)]
        self.products = [plain_of(each.name) for each in subjects]
        self.post = Post()
        self.world = World(type(self).url(), subjects)
        terms = replace(LONG, settle=SETTLES)
        self.world.equipment = replace(
            self.world.equipment, terms=terms, channels=self.post.channels
        )
        self.world.crash()
        self.world.boot()
        parts = (self.world.database, self.world.writer, self.world.products)
        self.world.waker = Waker(*parts, self.world._queue, terms)  # noqa: SLF001  only its terms differ
        self.world.confirms = False
        with_pools = [each.name for each in self.products if each.has_pool]
        self.plain = Plain(pools={name: PlainPool() for name in with_pools})
        for row in self.world.rows.all("pool"):
            if row["product"] in self.plain.pools:
                self.plain.pools[row["product"]].total = row["total"]
        self.numbers = sorted(row["e164"] for row in self.world.rows.all("number"))
        for product in self.products:
            self.plain.numbers |= product.before(self.world)
        self.watcher = Watcher(self.world, self.plain)
        self._hear, self.world.hear = self.world.hear, self.hearing  # type: ignore[method-assign]
        self.is_keyless = False
        #: How many entitlements the customer was given, each time anew.
        self.entitled: list[int] = []
        #: Products of whose platforms something may be left that nobody will ever finish or undo.
        self.may_hang: set[str] = set()
        self.may_linger: set[str] = set()

    @initialize(is_keyless=st.booleans(), pause=st.sampled_from(STARTS), has_codes=st.booleans())
    def first(self, is_keyless: bool, pause: timedelta, has_codes: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Begin with services under way, pending or at rest, on platforms that know idempotency keys or do not."""
        self.is_keyless = is_keyless
        for product in self.products:
            if is_keyless:
                self.world.platform.fault(product.name, "no_idempotency")
            # Where places are few, all who want one begin: the last come too late.
            names = [f"{product.name}-{each}" for each in product.references]
            for name in [each for each in names if product.place_of(each)] or names[:1]:
                number = self.numbers[0]
                self.ask_for(Ask(product, name, product.maker, self.world.now, None, number))
        self.ask_for_the_same()
        self.world.settle(pause)
        if has_codes:
            self.ask_for_codes()

    # What is asked for

    def ask_for_the_same(self) -> None:
        """Ask for what another service has already, each with a number that nobody has."""
        for product in [each for each in self.products if each.unique]:
            for reference in product.references[:2]:
                number = next(each for each in self.numbers if each not in self.plain.numbers)
                name = f"{product.name}-{reference}"
                self.ask_for(Ask(product, name, product.maker, self.world.now, None, number))

    def ask_for_codes(self) -> None:
        """Ask for all that waits for a code from a mail."""
        for ask in self.asks(None):
            if ask.product.verbs[ask.verb].asks_for_code:
                self.ask_for(ask)
        self.world.work()

    @rule(
        choice=st.randoms(use_true_random=False),
        later=st.sampled_from((None, None, None, *PAUSES[1:])),
    )
    def submit(self, choice: random.Random, later: timedelta | None) -> None:
        """Anything is asked for, now or for later (CO-13); a new service often."""
        asks = self.asks(later)
        new = [each for each in asks if each.verb == each.product.maker]
        self.ask_for(choice.choice([*asks, *new, *new]))

    @rule(
        choice=st.randoms(use_true_random=False),
        later=st.sampled_from((None, None, None, *PAUSES[1:])),
        pause=st.sampled_from((None, None, *PAUSES[:3])),
    )
    def submit_possible(
        self, choice: random.Random, later: timedelta | None, pause: timedelta | None
    ) -> None:
        """Something is asked for that will be taken, and maybe done."""
        self.learn()
        possible = [each for each in self.asks(later) if self.plain.answer(each) == "accepted"]
        if possible:
            self.ask_for(choice.choice(possible))
        if pause:
            self.world.settle(pause)

    #: The rules by which somebody wants something.
    WISHES: ClassVar = (submit, submit_possible)

    def asks(self, later: timedelta | None) -> list[Ask]:
        """Return all that can be asked for."""
        now, number = self.world.now, self.numbers[len(self.plain.asked) % 3]
        start = now + later if later else None
        known = {
            row["reference"]: json.loads(row["facts"]) for row in self.world.rows.all("service")
        }
        return [
            Ask(product, name, verb, now, start, number, known.get(name, {}))
            for product in self.products
            for name in (f"{product.name}-{reference}" for reference in product.references)
            for verb in product.verbs
        ]

    def ask_for(self, ask: Ask) -> None:
        """Ask, and see that the answer is the one that is owed."""
        self.learn()
        owed = self.plain.answer(ask)
        fields = dict(self.world.subjects[ask.product.name].examples.get(ask.verb, {}))
        if ask.product.has_numbers and ask.verb == ask.product.maker:
            fields["number"] = ask.number
        fields |= ask.product.fields(ask.reference, ask.verb, len(self.plain.asked))
        answer = self.world.ask(
            ask.verb,
            ask.reference,
            product=ask.product.name,
            not_before=ask.not_before,
            fields=fields,
        )
        assert said(answer) == ("accepted" if owed == "already" else owed), (ask, answer)
        if isinstance(answer, Accepted) and owed == "accepted":
            self.plain.accept(answer.operation, ask)

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
        newest = [key for key, each in self.plain.asked.items() if each.ended is None]
        key = choice.choice([*newest, *newest, *self.plain.asked])
        owed = self.plain.cancelling(key)
        answer = self.world.cancel(key)
        is_taken = owed in {"cancelled", "undone"}
        assert said(answer) == ("accepted" if is_taken else owed), (owed, answer)
        self.plain.cancel(key)

    # What happens to the system

    @rule(
        choice=st.randoms(use_true_random=False),
        what=st.sampled_from(("wake", "deliver", "run", "hear")),
    )
    def stir(self, choice: random.Random, what: str) -> None:
        """One part of the system does what it has to do, and no other."""
        match what:
            case "wake":
                self.world.waker.once()
            case "deliver":
                self.deliver(choice)
            case "run":
                self.run()
            case _:
                before = signals(self.world)
                self.world.hear()
                see_woken(self.world, before)

    def deliver(self, choice: random.Random) -> None:
        """Let messages arrive: some lost, some doubled, in any order."""
        messages = [each for each in self.world.queue for _ in range(choice.randrange(3))]
        choice.shuffle(messages)
        self.world.queue = messages
        self.world.deliver()

    def run(self) -> None:
        """Let the workers do what they have at hand, until they rest or one of them dies."""
        self.world.run()
        if self.world.points.is_dying:
            self.world.follow()

    @precondition(lambda self: len(self.world.deaths) < FEW)
    @rule(soon=st.integers(0, 12))
    def die(self, soon: int) -> None:
        """A worker dies now, or is going to at one of its next calls or writes, before or after it."""
        points = self.world.points
        if soon:
            points.dies_at = len(points.reached) + soon
        else:
            self.world.crash()
            self.world.boot()

    def hearing(self) -> bool:
        """Let callbacks arrive between two looks, so that the model knows what came before them."""
        if not self.world.platform.has_callbacks:
            return False
        self.learn()
        has_heard = self._hear()
        self.learn()
        return has_heard

    @rule()
    def work(self) -> None:
        """All that can be done now is done."""
        self.world.work()

    @rule(pause=st.sampled_from(PAUSES))
    def wait(self, pause: timedelta) -> None:
        """Time goes on, through all that is due on the way."""
        self.world.settle(pause)

    @rule(pause=st.sampled_from(JUMPS), is_worker_first=st.booleans())
    def jump(self, pause: timedelta, is_worker_first: bool) -> None:  # noqa: FBT001  hypothesis gives it by name
        """Time goes on while nobody is at work; who comes back first decides what was missed."""
        self.learn()
        self.world.move_time(pause)
        if is_worker_first:
            self.world.deliver()
            self.run()
        self.world.waker.once()

    # What has to hold

    def learn(self) -> None:
        """Tell the model what has begun and what has ended."""
        self.watcher.look()

    @invariant()
    def holds(self) -> None:
        """All is as the model says, and the invariants hold, after every step."""
        self.learn()
        self.watcher.compare()
        self.world.check()
        acted = Counter(
            (each.operation, each.action, ":undo@" in each.key)
            for each in self.world.platform.effects()
        )
        assert max(acted.values(), default=0) <= 1, acted

    def teardown(self) -> None:
        """Once the platform is well, everything ends as the model says, or waits with a ticket."""
        try:
            self.world.platform.mend()
            self.post.is_closed = False
            self.world.settle(LONG_ENOUGH)
            self.world.move_time(LATER)
            self.world.settle(timedelta(minutes=15))
            self.holds()
            for row in self.world.rows.all("operation"):
                if row["id"] in self.plain.asked:
                    see_ended(self, row)
            for reference in self.plain.services:
                see_the_platform_agree(self, reference)
        finally:
            self.world.close()


def said(answer: Answer) -> str:
    """Return an answer in the model's words."""
    return answer.reason if isinstance(answer, Refusal) else "accepted"
