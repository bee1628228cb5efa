"""The role `api`: the HTTP door."""

from deploy.broker import offers, rabbit_broker
from deploy.core import role
from deploy.doors import doors_of
from deploy.http import serve_http
from deploy.settings import Settings
from producers.http.app import create_app


def main(settings: Settings) -> None:
    """Answer requests until told to stop."""
    with role(settings, "api") as core:
        broker = rabbit_broker(settings.broker_url)
        app = create_app(doors_of(core, offers(broker)))
        serve_http(app, settings.listen)
        broker.close()
