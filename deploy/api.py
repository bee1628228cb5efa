"""The role `api`: the HTTP door."""

from deploy.broker import rabbit_broker
from deploy.core import role
from deploy.doors import doors_of, require_keys
from deploy.http import bound_to, served
from deploy.offers import offers
from deploy.settings import Settings
from producers.http.app import create_app
from producers.presence import API, Presence


def main(settings: Settings) -> int:
    """Answer requests until told to stop, and return the exit code."""
    with role(settings, "api") as core, Presence(core.writer, API, settings.lease):
        require_keys(core)
        bound = bound_to(settings.listen)
        broker = rabbit_broker(settings.broker_url)
        app = create_app(doors_of(core, offers(broker)))
        with served(app, bound, core.ending):
            core.tell_unsigned()
            core.tell_started("api", address=f"http://{settings.listen}")
            core.stop.wait()
        broker.close()
    return core.ending.exit_code
