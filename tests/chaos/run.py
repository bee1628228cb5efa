"""One chaos run: blows fall while commands come in; then all is made good again and judged."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.schedule import ALWAYS, MORTAL, MORTALS, PRODUCTS, Blow, schedule
from tests.chaos.upstream import Upstream
from tests.system.evidence import Evidence
from tests.system.fleet import EVERYBODY, Fleet, Servers
from tests.system.invariants import INVARIANTS
from tests.system.orders import Ledger
from tests.system.publisher import Publisher, consumers, is_empty, purge
from tests.system.stage import Stage, on_stage
from tests.system.waiting import rest, until

#: Leases that a sleeper outlives, and calls that a busy machine does not cut short.
TERMS = {"LEASE": "4s", "RENEW": "1s", "CALL_TIMEOUT": "2500ms", "SETTLE": "1s"}

#: Between two looks at the schedule, in seconds.
TICK = 0.1

#: Whoever is away then is away no longer.
EVER = float("inf")

#: Business time does not wait for ever until everything is done: it goes on after so many seconds.
PACE = 0.7

#: Between two starts of a process, in seconds.
AGAIN = 2.0

#: How long a sleeper that was woken may take until it knows that it has lost its lease, in seconds.
AWAKE = 2.0

Say = Callable[[str], None]


@dataclass
class Verdict:
    """What came of a run: figures, and one line for each invariant that is broken."""

    seed: int
    figures: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


@dataclass
class Chaos:
    """A stage, and the blows that fall on it."""

    stage: Stage
    say: Say
    #: When a process that was killed is started again, and when one that sleeps is woken.
    back: dict[str, float] = field(default_factory=dict)
    awake: dict[str, float] = field(default_factory=dict)
    blows: Counter[str] = field(default_factory=Counter)
    #: Servers take their time, in which other blows fall.
    servers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    restarts: list[Future[None]] = field(default_factory=list)

    def play(self, blows: list[Blow], seconds: float) -> None:
        """Let the blows fall at their times; what a blow has ended comes back by and by."""
        begun = time.monotonic()
        waiting = list(blows)
        while (now := time.monotonic() - begun) < seconds:
            self._mend(now)
            while waiting and waiting[0].at <= now:
                self._strike(waiting.pop(0), now)
            rest(TICK)

    def make_good(self) -> None:
        """Let everything run and the vendors be well."""
        self.servers.shutdown()
        self._mend(EVER)
        self.stage.fleet.servers.start()
        self.stage.fleet.vendor.ask("DELETE", "/faults")
        until(self._is_whole, "everybody at work")
        for each in self.restarts:
            each.result()

    def _is_whole(self) -> bool:
        """Start who has ended; return whether both doors are open."""
        self._mend(EVER)
        fleet = self.stage.fleet
        return fleet.door.answers("/readyz") and consumers(fleet.servers.rabbit.url) > 0

    def _strike(self, blow: Blow, now: float) -> None:
        """Let one blow fall."""
        self.say(str(blow))
        self.blows[blow.kind] += 1
        match blow.kind:
            case "phase":
                self._begin(blow.target)
            case "fault":
                self._fault(blow.target, blow.how)
            case "kill":
                self.stage.fleet[blow.target].kill()
                self.back[blow.target] = now + blow.lasts
            case "freeze":
                self.stage.fleet[blow.target].freeze()
                self.awake[blow.target] = now + blow.lasts
            case "server":
                self.restarts.append(self.servers.submit(self._restart, blow))

    def _begin(self, phase: str) -> None:
        """Begin a phase: the vendors ignore keys only while nobody sleeps."""
        self._mend(EVER)
        self.stage.fleet.vendor.ask("DELETE", "/faults")
        if phase == "mortal":
            rest(AWAKE)
        for product in PRODUCTS:
            for fault in (*(MORTAL if phase == "mortal" else ()), ALWAYS):
                self._fault(product, fault)

    def _fault(self, product: str, fault: Mapping[str, object]) -> None:
        """Ask a vendor for a fault."""
        self.stage.fleet.vendor.ask("POST", "/faults", {"product": product, **fault})

    def _restart(self, blow: Blow) -> None:
        """Let a server go away, and come back."""
        servers = self.stage.fleet.servers
        server = servers.postgres if blow.target == "postgres" else servers.rabbit
        if blow.how == "kill":
            server.kill()
            server.start()
        else:
            server.restart()

    def _mend(self, now: float) -> None:
        """Wake who has slept long enough, and start who is not there though he should be."""
        for name in [name for name, at in self.awake.items() if at <= now]:
            del self.awake[name]
            self.stage.fleet[name].thaw()
        for name in MORTALS:
            if self.back.get(name, 0.0) <= now and not self.stage.fleet[name].is_running:
                # One that ends at once, as a server is away, is started again after a while.
                self.back[name] = 0.0 if now == EVER else now + AGAIN
                self.stage.fleet[name].start()


def run(servers: Servers, directory: Path, seed: int, seconds: float, say: Say) -> Verdict:
    """Run for so many seconds, and return the verdict."""
    verdict = Verdict(seed)
    ledger = Ledger(directory / "ledger.jsonl")
    fleet = Fleet(servers, directory, **TERMS)
    with fleet, on_stage(fleet, ledger, (*EVERYBODY, "intake")) as stage:
        purge(servers.rabbit.url)
        with Publisher(servers.rabbit.url, f"answers-{fleet.door.port}", ledger) as publisher:
            chaos, upstream = Chaos(stage, say), Upstream(stage, publisher, seed)
            stage.pilot.pace = PACE
            upstream.start()
            try:
                chaos.play(schedule(seed, seconds), seconds)
            finally:
                chaos.make_good()
                upstream.stop()
                stage.pilot.pace = None
            say("all is made good; waiting for quiet")
            until(upstream.has_all_answers, "answers to everything")
            until(lambda: is_empty(servers.rabbit), "every message acknowledged", pause=0.5)
            stage.await_ends_or_tickets(within=180)
            publisher.read()
            evidence = stage.settle()
        judge(evidence, verdict)
        verdict.figures |= figures(evidence, chaos)
    return verdict


def judge(evidence: Evidence, verdict: Verdict) -> None:
    """Note every invariant that is broken."""
    for invariant in INVARIANTS:
        try:
            invariant(evidence)
        except AssertionError as error:
            verdict.broken.append(f"{invariant.__name__}: {error}")


def figures(evidence: Evidence, chaos: Chaos) -> dict[str, int]:
    """Return what happened in numbers; Jepsen's words for a queue's."""
    ledger = evidence.ledger
    known = {each["correlation_id"] for each in evidence.operations.values()}
    fleet = chaos.stage.fleet
    lapsed = fleet["waker"].events("taken_over")
    return {
        **chaos.blows,
        "times time went on": chaos.stage.pilot.moves,
        "commands": len(ledger.attempts),
        "of them published": len(ledger.published),
        "attempts": sum(ledger.attempts.values()),
        "unanswered at first": len(ledger.unanswered),
        "recovered": len(known & ledger.unanswered),
        "operations": len(evidence.operations),
        **_ends(evidence),
        "refused": len(ledger.refused),
        "among the rejected": len(evidence.dead),
        "done by people": sum(each["said"] == "done" for each in fleet.vendor.get("/people")),
        "mails": len(list(fleet.mails.glob("*.eml"))),
        "taken over": sum(len(each["operations"]) + each.get("more", 0) for each in lapsed),
        "effects": len(evidence.effects),
        "tickets": len(evidence.tickets),
        "events": len(evidence.events),
        "events repeated": len(evidence.events) - len({each["id"] for each in evidence.events}),
    }


def _ends(evidence: Evidence) -> dict[str, int]:
    """Return how many operations of each verb are in which state."""
    named = ("product", "verb", "state")
    return Counter(" ".join(each[name] for name in named) for each in evidence.operations.values())
