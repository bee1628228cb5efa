"""What every role stands on: settings, database and a writer, opened in order and closed again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import structlog

from deploy.ending import Ending
from deploy.keys import load_keys
from deploy.kinds import without_password
from deploy.lock import beside_roles
from deploy.logs import configure_logs
from deploy.memory import at_work
from deploy.opening import open_database
from deploy.settings import PREFIX, UNSIGNED, Settings
from deploy.slips import unknown
from schema.sealing import Sealer
from schema.store.database import Database
from schema.store.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Core:
    """The parts of every role, and how its process ends."""

    settings: Settings
    database: Database
    writer: Writer
    sealer: Sealer
    ending: Ending

    @property
    def stop(self) -> threading.Event:
        """The event that says that the process is to end."""
        return self.ending.stop

    def tell_started(self, role: str, **more: object) -> None:
        """Log that a role works now, and on what; its end is logged by itself."""
        settings = self.settings
        self.ending.role = role
        log.info(
            "started",
            role=role,
            version=_version(),
            database=without_password(settings.database_url),
            broker=without_password(settings.broker_url),
            **{"products": sorted(settings.products), **more},
        )

    def tell_unsigned(self) -> None:
        """Warn of platforms whose signals nobody can check."""
        for name, platform in self.settings.platforms.items():
            if platform.url and platform.secret is None:
                setting = f"{PREFIX}PLATFORM_{name.upper()}_SECRET"
                log.warning("platform_unsigned", product=name, not_set=setting, hint=UNSIGNED)


@contextmanager
def role(settings: Settings, name: str) -> Iterator[Core]:
    """Open what one of several processes needs; raise what the settings or the database lack."""
    from deploy.broker import require_broker  # noqa: PLC0415  one process alone has no broker

    settings.require_roles(name)
    configure_logs(settings.log)
    ending = Ending()
    database = open_database(settings)
    require_broker(settings.broker_url)
    with (
        beside_roles(database, ending),
        started(settings, database, ending, publishes=True) as core,
    ):
        yield core


@contextmanager
def started(
    settings: Settings, database: Database, ending: Ending, *, publishes: bool
) -> Iterator[Core]:
    """Start a writer on an open database that has its keys, and end both in the end."""
    for slip in unknown(type(settings)):
        log.warning("setting_unknown", said=slip)
    sealer = Sealer(load_keys(settings, database))
    tells_desk = settings.desk_url is not None
    writer = Writer(database, settings.products, publishes=publishes, tells_desk=tells_desk)
    writer.start()
    ending.listen()
    try:
        with at_work():
            yield Core(settings, database, writer, sealer, ending)
    finally:
        if not writer.stop():
            ending.exit_code = 1
        database.close()
        if ending.role:
            told = {"handed_over": ending.handed_over, "left": ending.left}
            log.info("stopped", role=ending.role, exit_code=ending.exit_code, **told)


def _version() -> str:
    """Return the version of this program, as far as it is installed."""
    try:
        return version("turnup")
    except PackageNotFoundError:
        return "unknown"
