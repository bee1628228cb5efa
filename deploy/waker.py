"""The role `waker`: looks for what is due, for lapsed workers, and for deadlines."""

from deploy.broker import offers, rabbit_broker
from deploy.core import role
from deploy.settings import Settings
from workers.waker import Waker


def main(settings: Settings) -> None:
    """Look again and again, until told to stop."""
    with role(settings, "waker") as core:
        broker = rabbit_broker(settings.broker_url)
        waker = Waker(core.database, core.writer, settings.products, offers(broker))
        waker.run(core.stop)
        broker.close()
