"""The role `waker`: looks for what is due, for lapsed workers, and for deadlines."""

from deploy.broker import rabbit_broker
from deploy.core import role
from deploy.offers import offers
from deploy.settings import Settings
from deploy.terms import terms_of
from workers.waker import Waker


def main(settings: Settings) -> int:
    """Look again and again, until told to stop, and return the exit code."""
    with role(settings, "waker") as core:
        broker = rabbit_broker(settings.broker_url)
        offer = offers(broker)
        waker = Waker(core.database, core.writer, settings.products, offer, terms_of(settings))
        core.tell_started("waker")
        waker.run(core.stop)
        broker.close()
    return core.ending.exit_code
