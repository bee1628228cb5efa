"""The role `serve`: everything in one process, for good."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack

import structlog

from deploy.core import Core, started
from deploy.doors import require_keys
from deploy.embedded import Front, embedded
from deploy.ending import Ending
from deploy.http import bound_to, served
from deploy.lock import exclusive
from deploy.logs import configure_logs
from deploy.mark import marked
from deploy.memory import loading
from deploy.opening import open_or_make_database
from deploy.settings import Settings
from producers.http.app import create_app
from schema.store.clock import read_times
from schema.store.moments import moment

log = structlog.get_logger()


def main(settings: Settings, *, simulator: bool = False) -> int:
    """Serve until told to stop, and return the exit code; `simulator` plays the platforms too."""
    settings.require_one_process("serve")
    if not simulator:
        settings.require_platforms(settings.products, ", or start turnup serve --simulator")
    configure_logs(settings.log)
    ending = Ending()
    with ExitStack() as stack:
        database = open_or_make_database(settings)
        stack.enter_context(exclusive(database, ending=ending))
        core = stack.enter_context(started(settings, database, ending, publishes=False))
        stack.enter_context(marked(core))
        require_keys(core)
        bound = stack.enter_context(bound_to(settings.listen))
        _tell_standing(core)
        secrets: dict[str, str] = {}
        urls = _played(stack, core, secrets) if simulator else None
        front = stack.enter_context(embedded(core, secrets))
        stack.enter_context(served(create_app(front.doors), bound, ending))
        stack.enter_context(_working(core, front, urls))
        if not ending.stop.is_set():
            places = {"simulator": f"http://{settings.simulator_listen}"} if simulator else {}
            if not simulator:
                core.tell_unsigned()
            core.tell_started("serve", address=f"http://{settings.listen}", **places)
        core.stop.wait()
    return ending.exit_code


def _working(
    core: Core, front: Front, urls: Mapping[str, str] | None
) -> AbstractContextManager[object]:
    """Return what carries operations out; it is loaded only now, when commands are taken already."""
    with loading():
        from deploy.engine import working  # noqa: PLC0415  as said above
        from deploy.planning import plan_of  # noqa: PLC0415  the same

        return working(core, front.broker, plan_of(core, urls=urls))


def _tell_standing(core: Core) -> None:
    """Warn where no deadline will come: time stands, as somebody who moved it was killed."""
    with core.database.look() as connection:
        if read_times(connection).is_standing:
            log.warning("time_stands", hint="it runs on after: turnup clock run")


def _played(stack: ExitStack, core: Core, secrets: dict[str, str]) -> dict[str, str]:
    """Play the platforms until the stack is left; return where they are, and add what they sign with."""
    from deploy.vendors import secrets_of, vendors  # noqa: PLC0415  only where it is asked for
    from workers.simulator.clock import Real, Standing  # noqa: PLC0415  the same
    from workers.simulator.players import Surroundings  # noqa: PLC0415  the same

    settings = core.settings
    secrets |= secrets_of(settings)
    with core.database.look() as connection:
        times = read_times(connection)
    clock = Standing(moment(times.business)) if times.is_standing else Real()
    around, place = Surroundings(f"http://{settings.listen}", settings.letters), settings.simulated
    played = vendors(place, around, secrets, clock, settings.simulator_listen)
    return dict.fromkeys(settings.products, stack.enter_context(played))
