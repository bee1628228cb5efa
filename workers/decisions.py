"""What becomes of an operation after one look: the one place where an outcome or an error turns into a record.

Every function here is pure: it takes how far the operation is, and returns what is to be stored.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from schema.lifecycle import Product
from schema.store.journal import Recorded
from schema.store.moments import Pause
from schema.store.services import ServiceChange
from schema.store.superseding import SUPERSEDED
from schema.store.transaction import Line
from schema.store.troubles import Trouble
from workers import changes, escalation
from workers.changes import learned, moved, moved_at, waiting
from workers.errors import (
    Expired,
    OutcomeUnknown,
    Permanent,
    PlatformError,
    Rejected,
    StateChanged,
    Throttled,
)
from workers.progress import CANCELLED, Progress
from workers.retry import next_try
from workers.workflow import Done, Facts, Wait

#: How an operation is said to have failed where nothing is wrong with the platform.
REASONS: Mapping[type[Permanent], str] = {
    StateChanged: "state_changed",
    Rejected: "rejected",
    Expired: "expired",
}

#: How long after a bug its step is tried once more, alone.
BUG_PAUSE = timedelta(seconds=1)

#: More signals than any operation gets: a parked operation is not woken by one that it has not seen.
ALL_SIGNALS = 2**31 - 1

#: Facts are JSON and nothing else: what a step learned is the same after a crash. Made once, for speed.
_write_facts = json.JSONEncoder(sort_keys=True).encode


def after_look(progress: Progress, product: Product, outcome: object) -> tuple[Recorded, Facts]:
    """Return the record of an outcome, and what was learned; raise `TypeError` for what is no outcome."""
    match outcome:
        case Done(facts) if progress.undoing:
            return step_undone(progress, product, outcome), facts
        case Done(facts):
            return step_done(progress, product, outcome), facts
        case Wait():
            return step_waits(progress, product, outcome), {}
        case _:
            msg = (
                f"{progress.step.name} answered with {type(outcome).__name__}, which is no outcome"
            )
            raise TypeError(msg)


def step_done(progress: Progress, product: Product, done: Done) -> Recorded:
    """Return the record that ends this step and begins the next one, or ends the operation."""
    step = progress.step
    line = _step_line(progress, "step_done", facts=done.facts)
    following = progress.workflow.steps[progress.workflow.place(step.name) + 1 :]
    if following:
        name = following[0].name
        change = moved_at(progress, product, name, learned(progress, product, done.facts))
        return _goes_on(progress, name, line, change)
    return _ended(progress, product, "succeeded", line, done.facts)


def step_undone(progress: Progress, product: Product, done: Done) -> Recorded:
    """Return the record that ends the undoing of a step, and begins that of the step before it."""
    line = _step_line(progress, "step_undone", facts=done.facts)
    return _undo_from(progress, product, progress.workflow.place(progress.step.name) - 1, line)


def step_waits(progress: Progress, product: Product, wait: Wait) -> Recorded:
    """Return the record of a wait, with what it does to its service."""
    record = _waits(progress, wait.until, wait.why)
    change = waiting(progress, product, wait)
    if change is None or change.move is None:
        return record._replace(service=change)
    return record._replace(service=change, ticket=escalation.found(wait.why))


def step_failed(
    progress: Progress, product: Product, error: PlatformError, settle: timedelta
) -> Recorded:
    """Return what an error of the platform leads to (DESIGN idea 8); calls settle before the platform is asked."""
    if isinstance(error, StateChanged) and progress.undoing:
        return step_undone(progress, product, Done())  # what is not there needs no undoing
    attempt = progress.attempt + 1
    trouble = Trouble(progress.step.name, attempt, str(error), error.request_id)
    if isinstance(error, Permanent):
        return _refused(progress, product, error)._replace(trouble=trouble)
    pause = next_try(progress.now, attempt, progress.deadline_at, progress.key)
    why, cause = "trying again", "transient"
    if isinstance(error, Throttled):
        pause, cause = Pause(error.after), "throttled"
    elif isinstance(error, OutcomeUnknown):
        pause, cause = replace(pause, least=settle), "outcome_unknown"
        why = "outcome unknown"
    record = _waits(progress, pause, f"{why}: {error}")
    if progress.attempt and progress.state == "waiting":
        record = record._replace(lines=())  # two errors in turn would fill the history
    return record._replace(attempt=attempt, trouble=trouble, retried=cause)


def step_crashed(progress: Progress, product: Product, error: BaseException) -> Recorded:
    """Return what a bug leads to: once more; then it needs a person, for it names its operation (I9)."""
    why = f"the step failed with {type(error).__name__}"
    if progress.is_suspect:
        return parked(progress, product, why)
    record = _waits(progress, Pause(BUG_PAUSE), why)
    return record._replace(tries=progress.tries, attempt=progress.attempt + 1, retried="bug")


def parked(progress: Progress, product: Product, why: str) -> Recorded:
    """Return the record that stops an operation until a person has looked at it, with its ticket."""
    event = None if progress.state == "waiting" else "waiting"
    line = _step_line(progress, "parked", why=why)._replace(after="waiting", event=event)
    note = escalation.parked(progress, why, product)
    record = _waits(progress, None, why)._replace(lines=(line,))
    change = changes.parked(progress, product)
    return record._replace(reason="parked", seen=ALL_SIGNALS, ticket=note, service=change)


def stays_parked(progress: Progress, product: Product) -> Recorded:
    """Return the record of a look at an operation that still needs a person."""
    record = _waits(progress, None, "parked")._replace(lines=(), seen=ALL_SIGNALS)
    return record._replace(service=changes.parked(progress, product))


def handed_over(progress: Progress) -> Recorded:
    """Return the record that lets another worker go on here, as if this one had never looked."""
    kept = {"tries": progress.tries - 1, "attempt": progress.attempt, "reason": progress.reason}
    return _record(progress, progress.state, progress.step.name, wake_at=progress.now, **kept)


def cancelled(progress: Progress, product: Product) -> Recorded:
    """Return the record that begins to undo a cancelled operation; one that hands over ends as it is (CO-8)."""
    is_replaced = progress.cancel_reason == SUPERSEDED
    if is_replaced and product.verbs[progress.claimed.verb].hands_over and not progress.step.undo:
        return _ended(progress, product, "cancelled")
    who = progress.cancel or "system"
    line = Line("cancelling", who, "asked for", progress.state, "running")
    place = progress.workflow.place(progress.step.name)
    undone = progress._replace(undoing=CANCELLED)
    has_surely_not_acted = progress.is_first or progress.is_past_return(progress.step.name)
    return _undo_from(undone, product, place - 1 if has_surely_not_acted else place, line)


def not_begun(progress: Progress, product: Product) -> Recorded:
    """Return the end of an operation whose service changed before it began (CO-1, CO-6, CO-13)."""
    if progress.claimed.begins == "already":
        return _ended(progress, product, "succeeded")._replace(outcome="already")
    return _ended(progress._replace(undoing="state_changed"), product, "failed")


def unsaid(progress: Progress, product: Product) -> Recorded:
    """Return the record that parks an operation about which its product fails to answer; `retry` asks it again."""
    if progress.state == "accepted":
        record = parked(progress, product, "the product failed to say whether it may begin")
        line = record.lines[0]._replace(after=progress.state, step=None, event=None)
        return record._replace(state=progress.state, step=None, lines=(line,), service=None)
    if progress.reason == "parked":
        return stays_parked(progress, product)
    return parked(progress, product, "the product failed to say for whom it acts")


def is_cancelled(progress: Progress) -> bool:
    """Return whether somebody has cancelled the operation; it can still go back then.

    The store sees to that: what is past its point of no return is never cancelled, and a record that finds a cancel
    passes no such point.
    """
    return progress.cancel is not None and progress.undoing is None


def _refused(progress: Progress, product: Product, error: Permanent) -> Recorded:
    """Undo what can be undone; while undoing, or past the point of no return, a person has to look.

    What the platform will not even begin, as it has moved on or knows better, is over without one (CO-1).
    """
    place = progress.workflow.place(progress.step.name)
    is_not_begun = place == 0 and isinstance(error, StateChanged | Rejected)
    is_past_return = progress.workflow.is_past_return(progress.step.name) and not is_not_begun
    if progress.undoing or is_past_return:
        return parked(progress, product, f"the platform refused: {error}")
    named = (word for kind, word in REASONS.items() if isinstance(error, kind))
    reason = next(named, f"the platform refused: {error}")
    line = _step_line(progress, "step_refused", why=str(error))
    return _undo_from(progress._replace(undoing=reason), product, place, line)


def _undo_from(progress: Progress, product: Product, place: int, line: Line) -> Recorded:
    """Undo the last step up to `place` that can be undone; end where there is none left."""
    for step in reversed(progress.workflow.steps[: place + 1]):
        if step.undo:
            return _goes_on(progress, step.name, line)
    state = "cancelled" if progress.undoing == CANCELLED else "failed"
    return _ended(progress, product, state, line)


def _ended(
    progress: Progress,
    product: Product,
    state: str,
    line: Line | None = None,
    facts: Facts | None = None,
) -> Recorded:
    """Return the record of an end, with the service moved and let go, and its ticket told.

    Whether it was on time is decided where it is stored, in the same transaction as the deadline.
    """
    before = "running" if line else progress.state
    reason = progress.undoing if state == "failed" else None
    if state == "cancelled":
        reason = progress.cancel_reason
    ended = Line(state, "worker", reason, before, state, event=state)
    return _record(
        progress,
        state,
        None,
        lines=(line, ended) if line else (ended,),
        reason=reason,
        ends=True,
        outcome="on_time" if state == "succeeded" else state,
        service=moved(progress, product, state, facts or {}),
        ticket=escalation.ended(progress, state, product),
    )


def _goes_on(
    progress: Progress, step: str, line: Line, service: ServiceChange | None = None
) -> Recorded:
    """Return the record that ends a look and begins the next step at once, which counts as its first try."""
    return _record(progress, "running", step, lines=(line,), keeps=True, tries=1, service=service)


def _waits(progress: Progress, until: datetime | Pause | None, why: str) -> Recorded:
    """Return the record of a wait; it writes a line only where the state or the reason is new."""
    is_move = progress.state != "waiting"
    line = _step_line(progress, "waits", why=why)._replace(after="waiting")
    lines = (line._replace(event="waiting"),) if is_move else (line,) * (progress.reason != why)
    return _record(progress, "waiting", progress.step.name, lines=lines, wake_at=until, reason=why)


def _step_line(
    progress: Progress, what: str, *, why: str | None = None, facts: Facts | None = None
) -> Line:
    """Return a line about this step."""
    told = _write_facts(facts) if facts else None
    return Line(what, "worker", why, progress.state, "running", progress.step.name, told)


def _record(progress: Progress, state: str, step: str | None, **more: Any) -> Recorded:  # noqa: ANN401  its fields
    """Return a record of this operation, under its owner, epoch and next turn; `more` are its other fields."""
    claimed = progress.claimed
    return Recorded(
        operation=claimed.id,
        owner=claimed.owner,
        epoch=claimed.epoch,
        turn=progress.turn + 1,
        state=state,
        step=step,
        undoing=progress.undoing,
        past_return=progress.is_past_return(step),
        cycle=claimed.cycle,
        seen=progress.seen,
        **more,
    )
