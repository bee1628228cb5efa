"""The role `api`: the HTTP door."""

from deploy.broker import offers, rabbit_broker
from deploy.core import role
from deploy.doors import doors_of
from deploy.http import server_of
from deploy.settings import Settings
from producers.http.app import create_app


def main(settings: Settings) -> None:
    """Answer requests until told to stop."""
    with role(settings, "api") as core:
        broker = rabbit_broker(settings.broker_url)
        app = create_app(doors_of(core, offers(broker)))
        server_of(app, settings.listen).run()
        broker.close()
