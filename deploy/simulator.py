"""The role `simulator`: plays the vendors' machines, for demonstrations and tests."""

import asyncio

import structlog

from deploy.kinds import Address
from deploy.logs import configure_logs
from deploy.settings import Settings
from deploy.vendors import setting_named
from workers.simulator.clock import Real, Standing
from workers.simulator.courier import CallbackTarget
from workers.simulator.players import Surroundings
from workers.simulator.simulator import Simulator

log = structlog.get_logger()


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
    around = Surroundings(settings.simulator_calls, settings.letters)
    simulator = Simulator(settings.simulated, targets, clock, around)
    asyncio.run(_play(simulator, settings.simulator_listen))


async def _play(simulator: Simulator, listen: Address) -> None:
    """Start, run until cancelled, and stop; raise `SettingsWrong` where it cannot start."""
    with setting_named(listen):
        await simulator.start(listen.host, listen.port)
    log.info("started", role="simulator", address=simulator.url)
    try:
        await simulator.run()
    finally:
        await simulator.stop()
        log.info("stopped", role="simulator")
