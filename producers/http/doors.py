"""What the routes have at hand, and how they get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from producers.calls import Calls
from producers.intake import Intake
from producers.signals import Signals
from schema.lifecycle import Product
from schema.store.database import Database


@dataclass(frozen=True, slots=True)
class Doors:
    """The parts behind the routes."""

    database: Database
    products: Mapping[str, Product]
    intake: Intake
    signals: Signals
    calls: Calls


async def doors_of(request: Request) -> Doors:
    """Return the parts that the application was made with; a plain function would cost a thread."""
    doors: Doors = request.app.state.doors
    return doors


Open = Annotated[Doors, Depends(doors_of)]
