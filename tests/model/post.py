"""The mail server of a model's world, which may be closed for a while."""

from dataclasses import dataclass

from schema.store.deliveries import MAIL, Parcel
from workers.channels.channel import Channel, NotDelivered, Receipt


@dataclass
class Post:
    """A channel that takes everything unless it is closed."""

    is_closed: bool = False

    @property
    def channels(self) -> dict[str, Channel]:
        """What a worker is told of it."""
        return {MAIL: self}

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take one, or nothing."""
        if self.is_closed:
            raise NotDelivered("the server is closed")
        return Receipt("taken")
