"""One chaos run: blows fall while commands come in; then all is made good again and judged."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.schedule import ALWAYS, MORTAL, MORTALS, Blow, schedule
from tests.chaos.upstream import Upstream
from tests.system.evidence import Evidence
from tests.system.fleet import Fleet, Servers
from tests.system.invariants import INVARIANTS
from tests.system.orders import PRODUCT, Ledger
from tests.system.stage import Stage, on_stage
from tests.system.waiting import rest, until

#: Leases that a sleeper outlives, and calls that a busy machine does not cut short.
TERMS = {"LEASE": "4s", "RENEW": "1s", "CALL_TIMEOUT": "2500ms", "SETTLE": "1s"}

#: Between two looks at the schedule, in seconds.
TICK = 0.1

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
        self._mend(float("inf"))
        self.stage.fleet.servers.start()
        self.stage.fleet.vendor.ask("DELETE", "/faults")
        self._mend(float("inf"))
        until(lambda: self.stage.fleet.door.answers("/readyz"), "an open door")

    def _strike(self, blow: Blow, now: float) -> None:
        """Let one blow fall."""
        self.say(str(blow))
        self.blows[blow.kind] += 1
        match blow.kind:
            case "phase":
                self._begin(blow.target)
            case "fault":
                self._fault(blow.how)
            case "kill":
                self.stage.fleet[blow.target].kill()
                self.back[blow.target] = now + blow.lasts
            case "freeze":
                self.stage.fleet[blow.target].freeze()
                self.awake[blow.target] = now + blow.lasts
            case "server":
                self._restart(blow)

    def _begin(self, phase: str) -> None:
        """Begin a phase: the vendors ignore keys only while nobody sleeps."""
        self._mend(float("inf"))
        self.stage.fleet.vendor.ask("DELETE", "/faults")
        if phase == "mortal":
            rest(AWAKE)
            for fault in MORTAL:
                self._fault(fault)
        self._fault(ALWAYS)

    def _fault(self, fault: Mapping[str, object]) -> None:
        """Ask the vendors for a fault."""
        self.stage.fleet.vendor.ask("POST", "/faults", {"product": PRODUCT, **fault})

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
                self.back.pop(name, None)
                self.stage.fleet[name].start()


def run(servers: Servers, directory: Path, seed: int, seconds: float, say: Say) -> Verdict:
    """Run for so many seconds, and return the verdict."""
    verdict = Verdict(seed)
    ledger = Ledger(directory / "ledger.jsonl")
    with Fleet(servers, directory, **TERMS) as fleet, on_stage(fleet, ledger) as stage:
        chaos = Chaos(stage, say)
        upstream = Upstream(fleet.door.port, ledger, seed)
        upstream.start()
        try:
            chaos.play(schedule(seed, seconds), seconds)
        finally:
            upstream.stop()
            chaos.make_good()
        say("all is made good; waiting for quiet")
        until(upstream.ask_again, "answers to everything")
        stage.await_ends(within=180)
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
    lapsed = chaos.stage.fleet["waker"].events("taken_over")
    return {
        **chaos.blows,
        "commands": len(ledger.attempts),
        "attempts": sum(ledger.attempts.values()),
        "operations": len(evidence.operations),
        "refused": len(ledger.refused),
        "unanswered at first": len(ledger.unanswered),
        "recovered": len(known & ledger.unanswered),
        "taken over": sum(each["operations"] for each in lapsed),
        "effects": len(evidence.effects),
        "tickets": len(evidence.tickets),
        "events": len(evidence.events),
        "events repeated": len(evidence.events) - len({each["id"] for each in evidence.events}),
    }
