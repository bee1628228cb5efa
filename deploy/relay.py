"""The role `relay`: sends events to whoever listens on the exchange `turnup.events`."""

from deploy.core import role
from deploy.settings import Settings
from producers.relay.pace import Pace
from producers.relay.relay import Relay


def main(settings: Settings) -> int:
    """Send events until told to stop, and return the exit code."""
    with role(settings, "relay") as core:
        pace = Pace(source=settings.source, lease=settings.lease)
        products = settings.products
        relay = Relay(core.database, core.writer, products, settings.broker_url, pace)
        core.tell_started("relay")
        relay.run(core.stop)
    return core.ending.exit_code
