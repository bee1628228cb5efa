"""What every product owes, as proofs that take any product; each raises where it does not hold.

A proof plays a verb from a state in which it is allowed, disturbs it, and compares how it ends with
how it ends undisturbed.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from schema.errors import Refusal
from schema.lifecycle import NEW, Cell, Phase, Product, move
from schema.store.moments import moment
from tests.world.journeys import reach, take
from tests.world.subjects import Subject
from tests.world.watch import Watch
from tests.world.world import World

#: Makes a world about a subject.
Make = Callable[[Subject], World]

#: More than any step takes between two waits, even on a busy machine, in seconds.
BLOCKED = 0.2

#: The tables in which no secret may stand in clear.
TOLD = ("history", "ticket", "comment", "service", "signal", "secret", "delivery")

#: The service of every proof.
SERVICE = "acme/one"


@dataclass(frozen=True)
class Ending:
    """How an operation ended, for comparing two runs."""

    state: str
    outcome: str | None
    reason: str | None
    service: str
    steps: tuple[str, ...]
    shown: dict[str, Any]
    #: What was mailed, by cause, and the secrets that were made, with how they stand.
    mails: tuple[str, ...]
    secrets: tuple[tuple[str, str], ...]
    #: What happened on the platform, as (action, key); what is so already need not be done again.
    effects: Counter[tuple[str, str]] = field(compare=False)
    #: Each step with the names of what it learned, by itself or by asking.
    learned: tuple[tuple[str, ...], ...] = field(compare=False)

    def is_as(self, usual: "Ending") -> bool:
        """Return whether all is as usual, and nothing was done that is not, nor more often."""
        return self == usual and self.effects <= usual.effects


@dataclass
class Play:
    """A verb in a world whose service is in the state that the verb begins in."""

    world: World
    subject: Subject
    verb: str
    state: str | None
    operation: int = 0
    before: dict[str, Any] = field(default_factory=dict)
    effects_before: int = 0

    def submit(self) -> None:
        """Ask for the verb."""
        self.operation = self.world.submit(self.verb)

    def ending(self) -> Ending:
        """Say how it ended."""
        row = self.world.rows.operation(self.operation)
        steps = [line for line in self.world.rows.story(self.operation) if "step_" in line]
        history = self.world.rows.history(self.operation)
        done = [each for each in history if each["what"] == "step_done"]
        effects = self.world.platform.effects()[self.effects_before :]
        mails = self.world.rows.all("delivery", operation_id=self.operation, channel="mail")
        secrets = self.world.rows.all("secret", operation_id=self.operation)
        return Ending(
            row["state"],
            row["outcome"],
            row["reason"],
            self.world.rows.service()["state"],
            tuple(steps),
            self.world.platform.shown(SERVICE),
            tuple(sorted(each["cause"] for each in mails)),
            tuple((each["name"], each["state"]) for each in secrets),
            Counter((effect.action, effect.key) for effect in effects),
            tuple((each["step"], *sorted(json.loads(each["facts"] or "{}"))) for each in done),
        )


def plays(subject: Subject) -> list[tuple[str, str | None]]:
    """Return every verb with every state in which it is carried out (None: no such service)."""
    found: list[tuple[str, str | None]] = []
    for name, verb in subject.product.verbs.items():
        if verb.creates:
            found.append((name, None))
        found += [(name, state) for state in resting(subject.product, name)]
    return found


def resting(product: Product, name: str) -> list[str]:
    """Return the states without an operation under way in which a verb is allowed."""
    takes = product.verbs[name].takes
    verbs = product.verbs.values()
    ends = {verb.moves.done_in(state) for verb in verbs for state in product.states} - {NEW}
    ends |= {state for moves in product.hears.values() for state in moves.values()}
    return [state for state in product.states if takes.get(state) is Cell.YES and state in ends]


@contextmanager
def played(make: Make, subject: Subject, case: tuple[str, str | None]) -> Iterator[Play]:
    """Give a world in which the verb of a case can be asked for."""
    world = make(subject)
    verb, state = case
    if state is not None:
        reach(world, state)
    if first := subject.before.get(verb):
        take(world, subject, first)
        state = world.rows.service()["state"]
    play = Play(world, subject, verb, state)
    play.before = world.platform.shown(SERVICE)
    play.effects_before = len(world.platform.effects())
    world.points.reached.clear()
    yield play
    world.check()


def undisturbed(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> tuple[Ending, list[str]]:
    """Return how a verb ends where nothing goes wrong, and the points that it passes."""
    with played(make, subject, case) as play:
        play.submit()
        play.world.settle()
        ending = play.ending()
        assert ending.state == "succeeded", ending
        assert ending.service == after(play, Phase.DONE), ending
        is_seen = ending.shown != play.before
        assert is_seen or not ending.effects, f"{case}: its example changes nothing at the platform"
        return ending, list(play.world.points.reached)


def after(play: Play, phase: Phase) -> str:
    """Return the state in which the table says that the service is now."""
    verb = play.subject.product.verbs[play.verb]
    before = play.state or NEW
    return move(verb, phase, move(verb, Phase.BEGUN, before, before), before)


def prove_a_step_run_twice_acts_once(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """Every answer is lost once, on a platform that honours keys, and on one that does not."""
    usual, _ = undisturbed(make, subject, case)
    for knows_keys in (True, False):
        with played(make, subject, case) as play:
            for action in {action for action, _ in usual.effects}:
                play.world.platform.fault(subject.name, "lost_reply", action=action, count=1)
            if not knows_keys:
                play.world.platform.fault(subject.name, "no_idempotency")
            play.submit()
            play.world.settle()
            ending = play.ending()
            assert ending.is_as(usual), f"{case}, keys honoured: {knows_keys}"
            assert ending.learned == usual.learned, f"{case}: asking tells something else"


def prove_a_repeated_call_is_known(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """Each call carries a key of its own, the same at every try: a platform knows it again."""
    usual, _ = undisturbed(make, subject, case)
    with played(make, subject, case) as play:
        play.world.platform.repeats = True
        play.submit()
        play.world.settle()
        assert play.ending().is_as(usual), case


def prove_a_crash_anywhere_resumes(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """The worker dies before and after every call and every write, on a platform without keys.

    Before a call is after the write that precedes it, and before a write after the last call.
    """
    usual, points = undisturbed(make, subject, case)
    deadly = [n for n, each in enumerate(points, 1) if each.startswith(("called", "written"))]
    assert deadly, case
    for point in (1, *deadly):
        with played(make, subject, case) as play:
            play.world.platform.fault(subject.name, "no_idempotency")
            play.world.points.dies_at = point
            play.submit()
            play.world.settle()
            reached, ending = play.world.points.reached, play.ending()
            assert not play.world.points.is_spared, f"{case} never came to point {point}"
            assert ending.is_as(usual), f"{case} died after {reached[:point]}: {ending}"


def prove_a_failure_is_undone_or_ticketed(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """Each changing call is refused for good: all is as before, or a person is called; a ticket says so."""
    usual, _ = undisturbed(make, subject, case)
    for action in sorted({action for action, _ in usual.effects}):
        with played(make, subject, case) as play:
            play.world.platform.fault(subject.name, "refuse", action=action, count=1)
            play.submit()
            play.world.poisonous.add(play.operation)
            play.world.settle(timedelta(days=1))
            ending = play.ending()
            assert len(play.world.rows.tickets(play.operation)) == 1, f"{case}, {action}"
            if ending.reason == "parked":
                assert _is_past_return(play), f"{case}: parked before the point of no return"
                continue
            assert ending.state == "failed", f"{case}, {action}: {ending}"
            assert ending.service == after(play, Phase.UNDONE), f"{case}, {action}: {ending}"
            assert ending.shown == play.before, f"{case}, {action}: not undone: {ending.shown}"


def prove_a_cancel_is_undone_or_refused(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """It is cancelled during each changing call: refused or past return it is done, else all is as before."""
    usual, _ = undisturbed(make, subject, case)
    for action in sorted({action for action, _ in usual.effects}):
        with played(make, subject, case) as play:
            gate = play.world.platform.hold(action, most=1)
            play.submit()
            play.world.until(lambda gate=gate: gate.reached == 1, skips=True)  # type: ignore[misc]
            is_late = _is_past_return(play)
            answer = play.world.cancel(play.operation)
            play.world.platform.open(action)
            play.world.settle(timedelta(days=1))
            ending = play.ending()
            assert isinstance(answer, Refusal) or not is_late, f"{case}, {action}: {answer}"
            if isinstance(answer, Refusal):
                assert ending.state == "succeeded", f"{case}, {action}: {ending}"
                continue
            assert ending.state == "cancelled", f"{case}, {action}: {ending}"
            assert ending.service == after(play, Phase.UNDONE), f"{case}, {action}: {ending}"
            assert ending.shown == play.before, f"{case}, {action}: not undone: {ending.shown}"


def prove_a_deadline_makes_one_ticket(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """The platform is away until long after the deadline; then it is all done, and the ticket resolved."""
    with played(make, subject, case) as play:
        play.world.platform.fault(subject.name, "outage")
        play.submit()
        play.world.settle(timedelta(minutes=2))
        row = play.world.rows.operation(play.operation)
        play.world.move_time(moment(row["deadline_at"]))
        play.world.work()
        assert play.world.rows.tickets(play.operation) == [], f"{case}: told before the deadline"
        play.world.settle(timedelta(hours=2))
        (ticket,) = play.world.rows.tickets(play.operation)
        assert ticket["state"] == "open", case
        assert 0 < ticket["opened_at"] - row["deadline_at"] <= 5000, case
        play.world.check()
        play.world.platform.mend()
        play.world.settle()
        ending = play.ending()
        assert (ending.state, ending.outcome) == ("succeeded", "late"), f"{case}: {ending}"
        (resolved,) = play.world.rows.tickets(play.operation)
        assert (resolved["id"], resolved["state"]) == (ticket["id"], "resolved"), case


def prove_nothing_secret_is_told(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """What a product calls secret stands in no log line, history, ticket, event or mail that is stored."""
    with played(make, subject, case) as play:
        for action in subject.vendor.actions:
            play.world.platform.fault(subject.name, "lost_reply", action=action.name, count=1)
        play.submit()
        play.world.settle()
        rows = play.world.rows
        told = [play.world.logs, *(rows.all(name) for name in TOLD)]
        for secret in subject.secrets:
            assert secret not in repr(told), f"{case}: {secret} is told"


def prove_no_step_blocks_the_loop(
    make: Make, subject: Subject, case: tuple[str, str | None]
) -> None:
    """No step keeps the event loop from others for long, from one wait to the next."""
    watched = Watch(subject, case[0])
    with played(make, watched.subject, case) as play:
        play.submit()
        play.world.settle()
    slow = {name: took for name, took in watched.longest.items() if took > BLOCKED}
    assert not slow, f"{case}: they block: {slow}"


def _is_past_return(play: Play) -> bool:
    """Return whether an operation has come to its point of no return."""
    workflow = play.subject.home.workflows[play.verb]
    step = play.world.rows.operation(play.operation)["step"]
    return bool(step) and workflow.is_past_return(step)
