"""What the routes have at hand, and how they get it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from producers.api_keys import KeyRing
from producers.calls import Calls
from producers.dead import DeadLetters
from producers.desk import DeskEvents
from producers.intake import Intake
from producers.receipts import Receipts
from producers.secrets import Secrets
from producers.signals import Signals
from schema.lifecycle import Product
from schema.store.database import Database

#: How many messages lie in each queue.
Depths = Callable[[], Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Doors:
    """The parts behind the routes."""

    database: Database
    products: Mapping[str, Product]
    intake: Intake
    signals: Signals
    calls: Calls
    secrets: Secrets
    keys: KeyRing
    #: None where one process works without a broker.
    dead: DeadLetters | None = None
    #: None where no other system's desk is told about tickets.
    desk: DeskEvents | None = None
    #: Tells how many messages lie in each queue of a broker; None where one process works without one.
    depths: Depths | None = None
    #: None where short messages go through no gateway.
    receipts: Receipts | None = None

    @property
    def is_alone(self) -> bool:
        """Whether this process does everything, without a broker."""
        return self.dead is None


async def doors_of(request: Request) -> Doors:
    """Return the parts that the application was made with; a plain function would cost a thread."""
    doors: Doors = request.app.state.doors
    return doors


Open = Annotated[Doors, Depends(doors_of)]
