"""The role `serve`: everything in one process, for good."""

from contextlib import ExitStack

import structlog

from deploy.core import started
from deploy.embedded import embedded
from deploy.http import serve_http
from deploy.lock import exclusive
from deploy.logs import configure_logs
from deploy.opening import open_or_make_database
from deploy.settings import Settings
from producers.http.app import create_app

log = structlog.get_logger()


def main(settings: Settings, *, simulator: bool = False) -> None:
    """Serve until told to stop; `simulator` plays the platforms too."""
    settings.require_one_process("serve")
    configure_logs(settings.log)
    with ExitStack() as stack:
        database = open_or_make_database(settings)
        stack.enter_context(exclusive(database))
        core = stack.enter_context(started(settings, database, publishes=False))
        urls: dict[str, str] = {}
        secrets: dict[str, str] = {}
        if simulator:
            from deploy.vendors import secrets_of, vendors  # noqa: PLC0415  only where it is asked for
            from workers.simulator.clock import Real  # noqa: PLC0415  the same

            secrets = secrets_of(settings)
            door = f"http://{settings.listen}"
            played = vendors(settings.simulator_database, door, secrets, Real())
            urls = dict.fromkeys(settings.products, stack.enter_context(played))
        parts = stack.enter_context(embedded(core, urls or None, secrets))
        log.info("serving", address=f"http://{settings.listen}", database=str(database))
        serve_http(create_app(parts.doors), settings.listen)
