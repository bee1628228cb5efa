"""Channels of tests: that fail as told, that hold everything, that kill the worker; and rows of deliveries."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schema.ids import public_id
from schema.store.deliveries import MAIL, Parcel
from schema.store.notices import NoticeNote, note_notices
from tests.world.points import Points
from tests.world.reading import Row
from tests.world.world import World
from workers.channels.channel import Channel, Receipt


@dataclass
class Fickle:
    """A channel that raises what it is told to, once each, and then accepts."""

    raises: list[Exception] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Refuse or take one."""
        self.parcels.append(parcel)
        if self.raises:
            raise self.raises.pop(0)
        return Receipt("taken")


@dataclass
class Held:
    """A channel that takes everything and answers nobody until it is opened."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    reached: int = 0
    most: int = 0
    now: int = 0

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Take one, and answer later."""
        self.reached, self.now = self.reached + 1, self.now + 1
        self.most = max(self.most, self.now)
        await self.opened.wait()
        self.now -= 1
        return Receipt("taken")


@dataclass
class Deadly:
    """A channel with points at which the worker can die: before and after it hands something over."""

    points: Points
    inner: Channel

    async def deliver(self, parcel: Parcel) -> Receipt:
        """Hand over."""
        await self.points.reach("before", parcel.channel)
        receipt = await self.inner.deliver(parcel)
        await self.points.reach("after", parcel.channel)
        return receipt


def equip(world: World, **channels: Channel) -> World:
    """Let a world's workers have these channels, from now on."""
    world.crash()
    world.equipment = replace(world.equipment, channels=channels)
    world.boot()
    return world


def notice(
    world: World, *addresses: str, operation: int | None = None, rounds: Sequence[int] = ()
) -> int:
    """Let an operation ask for a mail to each of these addresses, so often; return the operation."""
    key = operation or world.submit("open")
    service = world.rows.operation(key)["service_id"]
    named = f"{public_id('op', key)}:tell"
    told = [(each, json.dumps({"round": each})) for each in rounds] or [(0, "{}")]
    notes = [
        NoticeNote(service, f"{named}:{each}:hello:{to}", "hello", to, "en", facts)
        for to in addresses
        for each, facts in told
    ]
    world.do(lambda transaction: note_notices(transaction, [(key, note) for note in notes]))
    return key


def mails(world: World) -> list[Row]:
    """Return the rows of mails, in their order."""
    return deliveries(world, MAIL)


def deliveries(world: World, channel: str) -> list[Row]:
    """Return the rows of a channel's deliveries, in their order."""
    return sorted(world.rows.all("delivery", channel=channel), key=lambda row: row["id"])


def heard(world: World, operation: int, kind: str) -> Sequence[Any]:
    """Return the facts of signals that an operation got."""
    found = world.rows.all("signal", operation_id=operation, kind=kind)
    return [json.loads(each["facts"]) for each in found]
