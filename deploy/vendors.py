"""Simulated platforms inside this process, for `run` and `serve --simulator`."""

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.kinds import Address
from deploy.settings import Settings, SettingsWrong
from workers.simulator.clock import Real, Standing, WrongClockError
from workers.simulator.courier import CallbackTarget
from workers.simulator.players import Surroundings
from workers.simulator.store import FileInUseError, WrongFileError
from workers.simulator.thread import SimulatorThread

#: Any free port of this machine.
ANY_PORT = Address("127.0.0.1", 0)

#: What to do where the platforms began with another kind of clock than the database has now.
CLOCKS = {
    Standing: "business time stands, and ran when the platforms were first played; "
    "let it run: turnup clock run",
    Real: "TURNUP_SIMULATOR_DATABASE: business time runs, and stood when the platforms were first "
    "played; name a new file",
}


def secrets_of(settings: Settings) -> dict[str, str]:
    """Return what signs each platform's callbacks: as it is set, else made up for this run."""
    return {
        name: platform.secret.get_secret_value() if platform.secret else _made_up()
        for name, platform in settings.platforms.items()
    }


@contextmanager
def vendors(
    database: Path,
    around: Surroundings,
    signed: Mapping[str, str],
    clock: Real | Standing,
    listen: Address = ANY_PORT,
) -> Iterator[str]:
    """Play all vendors and people while the block runs, and give the address; they find our door `around` them."""
    targets = {
        name: CallbackTarget(f"{around.door}/v1/platforms/{name}/events", secret)
        for name, secret in signed.items()
    }
    with ExitStack() as stack:
        with setting_named(listen, CLOCKS[type(clock)]):
            simulator = stack.enter_context(
                SimulatorThread(database, targets, clock, listen, around)
            )
        yield simulator.url


@contextmanager
def setting_named(listen: Address, clocks: str | None = None) -> Iterator[None]:
    """Raise `SettingsWrong` where a simulator cannot start, naming the setting that is to blame.

    `clocks` says what to do where the vendors' clock and ours are not of one kind.
    """
    try:
        yield
    except WrongClockError as error:
        raise SettingsWrong(clocks or f"TURNUP_SIMULATOR_DATABASE: {error}") from error
    except (FileInUseError, WrongFileError) as error:
        raise SettingsWrong(f"TURNUP_SIMULATOR_DATABASE: {error}") from error
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise SettingsWrong(f"TURNUP_SIMULATOR_LISTEN: {listen}: {why}") from error


def _made_up() -> str:
    """Return a new secret as Standard Webhooks write it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
