"""Looks into the database at what no door tells: who owns which operation, how often it was tried, what is taken."""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, select

from schema.ids import public_id
from schema.store.database import Database
from schema.tables import holding, number, operation, pool, worker


@dataclass(frozen=True)
class Inventory:
    """What customers may have and have taken, by the public ids of their services."""

    #: By customer: how many mobile lines he may have, and how many are taken.
    pools: dict[str, tuple[int, int]] = field(default_factory=dict)
    #: The service that has a number, if one has.
    numbers: dict[str, str | None] = field(default_factory=dict)
    #: For each number when which service had it, the earliest first: service, from, until.
    holdings: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Looker:
    """Reads rows while a fleet works."""

    database: Database

    def newest_worker(self) -> int:
        """Return the row of the worker that was started last."""
        query = select(func.max(worker.c.id)).where(worker.c.role == "worker")
        return int(self._number(query) or 0)

    def is_known(self, row: int) -> bool:
        """Whether a worker still has its row, and so all that it owned."""
        return bool(self._number(select(func.count()).where(worker.c.id == row)))

    def owned(self, row: int) -> dict[int, int]:
        """Return what a worker owns: operations, and how many records each has."""
        query = select(operation.c.id, operation.c.turn).where(operation.c.owner == row)
        with self.database.look() as connection:
            return {each.id: each.turn for each in connection.execute(query)}

    def stuck(self, before: dict[int, int]) -> int:
        """Return how many of these operations have had no record since."""
        query = select(operation.c.id, operation.c.turn).where(operation.c.id.in_(before))
        with self.database.look() as connection:
            return sum(each.turn <= before[each.id] for each in connection.execute(query))

    def most_tries(self) -> int:
        """Return how often a step was begun at most, since it was last done or waited."""
        return int(self._number(select(func.max(operation.c.tries))) or 0)

    def inventory(self) -> Inventory:
        """Return what customers have taken."""
        holdings: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        with self.database.look() as connection:
            pools = {
                row.customer: (row.total, row.taken) for row in connection.execute(select(pool))
            }
            numbers = {
                row.e164: row.service_id and public_id("svc", row.service_id)
                for row in connection.execute(select(number))
            }
            for row in connection.execute(select(holding).order_by(holding.c.held_from)):
                held = (public_id("svc", row.service_id), row.held_from, row.held_until)
                holdings[row.e164].append(held)
        return Inventory(pools, numbers, holdings)

    def _number(self, query: object) -> int | None:
        """Return the one number that a query is about."""
        with self.database.look() as connection:
            found: int | None = connection.execute(query).scalar()  # type: ignore[call-overload]
            return found
