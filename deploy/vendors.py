"""Simulated platforms inside this process, for `run` and `serve --simulator`."""

import base64
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy.settings import Settings
from workers.simulator.clock import Real, Standing
from workers.simulator.courier import CallbackTarget
from workers.simulator.thread import SimulatorThread


def secrets_of(settings: Settings) -> dict[str, str]:
    """Return what signs each platform's callbacks: as it is set, else made up for this run."""
    return {
        name: platform.secret.get_secret_value() if platform.secret else _made_up()
        for name, platform in settings.platforms.items()
    }


@contextmanager
def vendors(
    database: Path, door: str, signed: Mapping[str, str], clock: Real | Standing
) -> Iterator[str]:
    """Play all vendors while the block runs, and give the address; they call back at `door`."""
    targets = {
        name: CallbackTarget(f"{door}/v1/platforms/{name}/events", secret)
        for name, secret in signed.items()
    }
    with SimulatorThread(database, targets, clock) as simulator:
        yield simulator.url


def _made_up() -> str:
    """Return a new secret as Standard Webhooks write it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
