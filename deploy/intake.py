"""The role `intake`: the AMQP door."""

from deploy.broker import BrokerUnreachable, rabbit_broker
from deploy.core import role
from deploy.offers import offers
from deploy.settings import Settings
from producers.amqp.batch import Batches
from producers.amqp.door import Door
from producers.amqp.topology import TopologyRefused, require_topology, user_in
from producers.api_keys import KeyRing
from producers.intake import Intake
from producers.presence import INTAKE, Presence


def main(settings: Settings) -> int:
    """Take commands until told to stop, and return the exit code."""
    url = settings.broker_url
    with role(settings, "intake") as core, Presence(core.writer, INTAKE, settings.lease):
        try:
            require_topology(url)
        except TopologyRefused as error:
            raise BrokerUnreachable(url, str(error)) from error
        broker = rabbit_broker(url)
        intake = Intake(core.writer, settings.products, offers(broker), core.sealer)
        door = Door(
            Batches(
                intake,
                core.database,
                KeyRing(core.database),
                settings.products,
                user_in(url),
                settings.source,
            ),
            url,
        )
        core.tell_started("intake")
        door.run(core.stop)
        broker.close()
    return core.ending.exit_code
