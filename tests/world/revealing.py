"""What a person of a world is shown of its secrets."""

from producers.calls import Calls
from producers.secrets import Secrets
from schema.store.reads import find_service
from tests.world.worker import SEALER
from tests.world.world import World


def revealed(world: World, reference: str) -> str:
    """Return what the only secret of a service says, as an Admin is shown it; raise `Refused` where he is not."""
    door = Secrets(world.database, Calls(world.writer, lambda *_: None), SEALER)
    with world.database.look() as connection:
        service = find_service(connection, world.products, f"acme/{reference}")
    return door.reveal(service, None, "Anna").value
