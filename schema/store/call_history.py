"""Calls that a call history tells of: whose they were, by number and time, and the last one of a line (ML-10)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import Row, Select, Text, select

from schema.store.dialect import Columns, rows
from schema.store.moments import moment, stored
from schema.store.transaction import Transaction
from schema.tables import call, holding, service
from schema.views import LastCall

CALL = ("record", "service_id", "began_at", "direction", "seconds", "is_answered")
NUMBER: Columns = {"e164": Text()}

Direction = Literal["incoming", "outgoing"]

#: What becomes of a call: it is its line's now, it was so already, or no line of its product had the number then.
Kept = Literal["marked", "known", "unmatched"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a product's line; `record` is the vendor's own key of it, which no other call ever has."""

    record: str
    product: str
    e164: str
    began_at: datetime
    direction: Direction
    seconds: int
    is_answered: bool


@dataclass(frozen=True, slots=True)
class KeepCalls:
    """Keep the calls of lines, all of them or none; answered with what became of each, in order."""

    calls: tuple[Call, ...]

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["KeepCalls"]) -> list[list[Kept]]:
        """Keep what is new, once for each record."""
        return [_keep(transaction, record.calls) for record in records]


def with_last_call(services: Select[Any]) -> Select[Any]:
    """Return a query for services, each with its last call."""
    newest = select(call.c.record).where(call.c.service_id == service.c.id)
    newest = newest.order_by(call.c.began_at.desc(), call.c.record.desc()).limit(1)
    mine = call.c.record == newest.correlate(service).scalar_subquery()
    columns = (call.c[name] for name in ("began_at", "direction", "seconds", "is_answered"))
    return services.add_columns(*columns).outerjoin(call, mine)


def last_call_of(row: Row[Any]) -> LastCall | None:
    """Return the last call of a service as it is read."""
    if row.began_at is None:
        return None
    return LastCall(
        at=moment(row.began_at),
        direction=row.direction,
        seconds=row.seconds,
        answered=row.is_answered,
    )


def _keep(transaction: Transaction, calls: Sequence[Call]) -> list[Kept]:
    """Find the line of each call, and add those that are new."""
    holders = _holders(transaction, {each.e164 for each in calls})
    known = _known(transaction, [each.record for each in calls])
    new: dict[str, tuple[Any, ...]] = {}
    answers: list[Kept] = []
    for each in calls:
        began_at = stored(each.began_at)
        line = _line_of(holders.get(each.e164, ()), each.product, began_at)
        if each.record in known or each.record in new:
            answers.append("known")
        elif line is None:
            answers.append("unmatched")
        else:
            told = (each.direction, each.seconds, each.is_answered)
            new[each.record] = (each.record, line, began_at, *told)
            answers.append("marked")
    transaction.add(call, CALL, list(new.values()))
    return answers


def _line_of(holders: Iterable[Row[Any]], product: str, at: int) -> int | None:
    """Return the product's service that had a number at this time."""
    had = (
        row.service_id
        for row in holders
        if row.product == product and row.held_from <= at < row.held_until
    )
    return next(had, None)


def _holders(transaction: Transaction, numbers: set[str]) -> Mapping[str, Sequence[Row[Any]]]:
    """Return who has had these numbers, from when until when, by number."""
    found = defaultdict(list)
    wanted = [(each,) for each in sorted(numbers)]
    for row in transaction.run(_who_had(transaction.dialect), NUMBER, wanted):
        found[row.e164].append(row)
    return found


def _known(transaction: Transaction, records: Sequence[str]) -> set[str]:
    """Return those of these calls that were kept before."""
    query = select(call.c.record).where(call.c.record.in_(records))
    return set(transaction.connection.execute(query).scalars())


@cache
def _who_had(dialect: str) -> Select[Any]:
    """Return the query for who has had some numbers."""
    given = rows(dialect, NUMBER)
    query = select(holding, service.c.product).join(given, given.c.e164 == holding.c.e164)
    return query.join(service, service.c.id == holding.c.service_id)
