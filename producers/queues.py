"""How each product stands, as programs read it: by HTTP, and from `turnup queues --json`."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import Field

from schema.store.clock import business_now
from schema.store.database import Database
from schema.store.figures import MOST, Standing, standings
from schema.views import Moment, View


class Queue(View):
    """What of a product has not ended, where it is, and what is late."""

    product: str
    is_paused: bool
    open: int = Field(description="All that has not ended")
    waiting: int = Field(description="What of it nobody works on")
    due: int = Field(description=f"What of that could be taken now, up to {MOST}")
    oldest_due_age: float = Field(description="In seconds of business time; 0 where nothing is due")
    in_flight: int
    in_line: int = Field(description="Waits until another operation lets go of its service")
    parked: int = Field(description="Needs a person")
    next_due: Moment | None
    deadlines_in_an_hour: int
    late: int = Field(description="Past its deadline, and has not ended")
    deadlines_missed_today: int
    open_tickets: int


def look_at_queues(
    database: Database, products: Iterable[str]
) -> tuple[Mapping[str, Standing], datetime]:
    """Return how each product stands, also one in which nothing is open, and business time."""
    with database.look() as connection:
        found, now = standings(connection), business_now(connection)
    return {name: found.get(name, Standing()) for name in sorted({*products, *found})}, now


def queues_of(found: Mapping[str, Standing], now: datetime) -> list[Queue]:
    """Return the same for programs."""
    return [
        Queue(
            product=name,
            is_paused=each.is_paused,
            open=each.open,
            waiting=each.waiting,
            due=each.due.count,
            oldest_due_age=each.due.age(now).total_seconds(),
            in_flight=each.in_flight,
            in_line=each.in_line.count,
            parked=each.parked.count,
            next_due=each.next_due,
            deadlines_in_an_hour=each.soon,
            late=each.late,
            deadlines_missed_today=each.missed_today,
            open_tickets=each.tickets,
        )
        for name, each in found.items()
    ]
