"""The role `run`: a day from files, in one process on simulated platforms, then what became of it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.core import Core, started
from deploy.day.conclusion import draw
from deploy.day.conduct import Conductor
from deploy.day.ground import Ground, new_ground
from deploy.day.pace import Bell, Pace, Parts, Passing, Standing
from deploy.day.played import Played
from deploy.day.progress import Watch, progress
from deploy.day.report import Report, report_of
from deploy.day.script import Script, read_script, read_start
from deploy.day.summary import tell
from deploy.display.screen import warn
from deploy.doors import doors_of
from deploy.embedded import embedded
from deploy.ending import Ending
from deploy.engine import working
from deploy.http import bound_to, served
from deploy.logs import configure_logs
from deploy.planning import plan_of
from deploy.settings import Settings
from deploy.vendors import ANY_PORT, secrets_of, vendors
from producers.http.app import create_app
from producers.intake import Intake
from schema.store.clock import BeginTime
from workers.simulator.clock import Real
from workers.simulator.clock import Standing as StandingClock
from workers.simulator.players import Surroundings


def main(
    settings: Settings,
    *,
    files: Sequence[Path],
    start: str | None = None,
    real_time: bool = False,
    svg: Path | None = None,
) -> int:
    """Carry out files of commands, say what became of them, also as a picture, and return the exit code."""
    settings.require_one_process("run")
    settings = settings.played()
    configure_logs(settings.log, logging.ERROR)  # late, ill and missed is the story that is told
    script = read_script(files, read_start(start) if start else None)
    with new_ground(settings) as ground:
        if ground.set_aside:
            warn(f"turnup: the database of the run before is now {ground.set_aside}")
        report = _play(settings, ground, script, real_time=real_time)
    tell(report)
    if svg:
        draw(report, svg)
    return report.exit_code


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a day is played: the parts of one process, and the vendors."""

    core: Core
    bell: Bell
    intake: Intake
    played: Played


def _play(settings: Settings, ground: Ground, script: Script, *, real_time: bool) -> Report:
    """Play a day, and return what it has come to."""
    if real_time:
        script = script.moved_to(datetime.now(UTC))
    with started(settings, ground.database, Ending(), publishes=False) as core:
        if not real_time:
            core.writer.store(BeginTime(script.start))
        clock = Real() if real_time else StandingClock(script.start)
        with _stage(core, ground, clock) as stage, progress(core.database) as watch:
            pace = _pace(stage, watch, real_time=real_time)
            conductor = Conductor(core, stage.intake, stage.played, pace)
            conductor.play(script)
            return report_of(core, stage.played, conductor.log, script.start)


@contextmanager
def _stage(core: Core, ground: Ground, clock: Real | StandingClock) -> Iterator[Stage]:
    """Run a door for the vendors, the vendors, and engine and waker, while the block does."""
    bell, secrets = Bell(), secrets_of(core.settings)
    with ExitStack() as stack:
        door = create_app(doors_of(core, bell, secrets))
        bound = stack.enter_context(bound_to(ANY_PORT))
        stack.enter_context(served(door, bound, core.ending))
        address = "http://{}:{}".format(*bound.getsockname())
        around = Surroundings(address, core.settings.letters)
        url = stack.enter_context(vendors(ground.simulator, around, secrets, clock))
        urls = dict.fromkeys(core.settings.products, url)
        front = stack.enter_context(embedded(core, secrets))
        worker = stack.enter_context(working(core, front.broker, plan_of(core, urls=urls)))
        bell.parts = Parts(front.waker, worker)
        played = stack.enter_context(closing(Played(url)))
        yield Stage(core, bell, front.doors.intake, played)


def _pace(stage: Stage, watch: Watch, *, real_time: bool) -> Pace:
    """Return how time goes on."""
    if real_time:
        return Passing(stage.core.stop, watch)
    return Standing(stage.core, stage.bell, stage.played, watch)
