"""The role `simulator`: plays the vendors' machines, for demonstrations and tests."""

import asyncio
import os

from deploy.kinds import Address
from deploy.logs import configure_logs
from deploy.settings import Settings, SettingsWrong
from workers.simulator.clock import Real, Standing, WrongClockError
from workers.simulator.courier import CallbackTarget
from workers.simulator.simulator import Simulator
from workers.simulator.store import FileInUseError, WrongFileError


def main(settings: Settings) -> None:
    """Play them until told to stop."""
    configure_logs(settings.log)
    targets = {
        name: CallbackTarget(
            f"{settings.simulator_calls}/v1/platforms/{name}/events",
            platform.secret.get_secret_value(),
        )
        for name, platform in settings.platforms.items()
        if platform.secret
    }
    start = settings.simulator_start
    clock = Standing(start) if start else Real()
    simulator = Simulator(settings.simulator_database, targets, clock)
    asyncio.run(_play(simulator, settings.simulator_listen))


async def _play(simulator: Simulator, listen: Address) -> None:
    """Start, run until cancelled, and stop; raise `SettingsWrong` where it cannot start."""
    try:
        await simulator.start(listen.host, listen.port)
    except (FileInUseError, WrongFileError, WrongClockError) as error:
        raise SettingsWrong(f"TURNUP_SIMULATOR_DATABASE: {error}") from error
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsWrong(f"TURNUP_SIMULATOR_LISTEN: {listen}: {why}") from error
    try:
        await simulator.run()
    finally:
        await simulator.stop()
