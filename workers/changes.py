"""What an operation does to its service: where it moves it, and what it lets it know."""

import json

from schema.lifecycle import DELETED, NEW, Phase, Product, move
from schema.store.services import ServiceChange
from schema.store.transaction import Line
from workers.progress import Progress, kept_facts
from workers.workflow import Facts, Wait


def moved(progress: Progress, product: Product, state: str, facts: Facts) -> ServiceChange:
    """Return the last change of the service: where it moves, what it keeps, and the hold let go."""
    claimed = progress.claimed
    change = learned(progress, product, facts) or ServiceChange(claimed.service_id, claimed.id)
    is_handed_over = state == "cancelled" and not progress.undoing
    is_refused = claimed.begins == "refused" and claimed.service_state != NEW
    if claimed.begins == "already" or is_refused or is_handed_over:
        return change._replace(releases=True)
    phase = Phase.DONE if state == "succeeded" else Phase.UNDONE
    line = _line(progress, product, phase, facts.get("state"))
    return change._replace(move=line, releases=True, is_heard=bool(product.hears))


def waiting(progress: Progress, product: Product, wait: Wait) -> ServiceChange | None:
    """Return the change of a service whose operation waits: where the platform has it, and the hold let go (I5)."""
    line = _line(progress, product, Phase.FOUND, wait.found)
    if not (line or wait.through):
        return None
    change = ServiceChange(progress.claimed.service_id, progress.claimed.id, line)
    return change._replace(releases=bool(wait.through), is_heard=bool(product.hears))


def parked(progress: Progress, product: Product) -> ServiceChange | None:
    """Return the hold let go by what can only go on: what is carried out beside it may be the way out (I5, CO-8)."""
    claimed = progress.claimed
    if not progress.is_past_return(progress.step.name) or not product.verbs[claimed.verb].through:
        return None
    return ServiceChange(claimed.service_id, claimed.id, releases=True)


def moved_at(
    progress: Progress, product: Product, step: str, change: ServiceChange | None
) -> ServiceChange | None:
    """Return the change of a service whose operation comes to a step that moves it."""
    line = _line(progress, product, Phase.AT, step)
    if line is None:
        return change
    claimed = progress.claimed
    change = change or ServiceChange(claimed.service_id, claimed.id)
    return change._replace(move=line, is_heard=bool(product.hears))


def _line(
    progress: Progress, product: Product, phase: Phase, found: str | None = None
) -> Line | None:
    """Return the line of a move, or None where the service stays where it is."""
    claimed = progress.claimed
    verb, state = product.verbs[claimed.verb], claimed.service_state
    after = move(verb, phase, state, claimed.before, found)
    if after == state:
        return None
    why = f"{claimed.verb} {phase.value}" + (f" {found}" if phase is Phase.AT else "")
    if phase is Phase.UNDONE and after == DELETED:
        why = "never_active"
    return Line("moved", "worker", why, state, after, event="service_changed")


def learned(progress: Progress, product: Product, facts: Facts) -> ServiceChange | None:
    """Return what the service learns from a step, if anything; what its platform told it meanwhile is kept."""
    kept = kept_facts(progress.step, facts) if not progress.undoing else {}
    if not kept:
        return None
    platform_id = kept.pop("platform_id", None)
    is_heard = bool(product.hears)
    known = json.dumps(kept if is_heard else {**progress.service_facts, **kept}) if kept else None
    mine = (progress.claimed.service_id, progress.claimed.id)
    change = ServiceChange(*mine, None, known, platform_id, is_heard=is_heard)
    return change._replace(seen=progress.service_facts) if is_heard else change
