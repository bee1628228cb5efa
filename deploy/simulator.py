"""The role `simulator`: plays the vendors' machines, for demonstrations and tests."""

import asyncio

from deploy.logs import configure_logs
from deploy.settings import Settings
from workers.simulator.clock import Real, Standing
from workers.simulator.courier import CallbackTarget
from workers.simulator.simulator import Simulator


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
    listen = settings.simulator_listen
    asyncio.run(simulator.serve(listen.host, listen.port))
