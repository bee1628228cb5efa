"""One look at an operation: ask where its step may have acted before, run what has not, undo what has."""

import asyncio

from workers.errors import OutcomeUnknown
from workers.progress import Progress
from workers.turns import begin_look
from workers.workflow import Absent, Done, Outcome, Present, Step, Unclear, Wait, Work


async def look(progress: Progress, platform: object) -> Outcome:
    """Return what became of the step, within its time limit; raise what the platform or the step raises."""
    step, work = progress.step, progress.work()
    if task := asyncio.current_task():
        task.set_name(f"{progress.name} {step.name}")  # the loop-lag watch names it
    try:
        async with asyncio.timeout(step.limit.total_seconds()) as limit:
            begin_look(progress.claimed.customer, progress.claimed.id, limit)
            if progress.undoing:
                return await _undo(step, work, platform)
            return await _run(step, work, platform, is_first=progress.is_first)
    except TimeoutError as error:
        msg = f"{step.name} took longer than {step.limit.total_seconds():g} s"
        raise OutcomeUnknown(msg) from error


async def _run(step: Step, work: Work, platform: object, *, is_first: bool) -> Outcome:
    """Run a step that has not acted; whether it has is the platform's to say at every look but the first."""
    if step.ask and not is_first:
        match await step.ask(work, platform):
            case Present(facts, notices, secrets, sets_deadline):
                return Done(facts, notices, secrets, sets_deadline)
            case Unclear(until, why, through):
                return Wait(until, why, through)
            case Absent():
                pass
    return await step.run(work, platform)


async def _undo(step: Step, work: Work, platform: object) -> Outcome:
    """Undo a step where its effect is there; the platform is asked first, every time."""
    if step.ask:
        match await step.ask(work, platform):
            case Absent():
                return Done()
            case Unclear(until, why, through):
                return Wait(until, why, through)
            case Present():
                pass
    return await step.undo(work, platform) if step.undo else Done()
