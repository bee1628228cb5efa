"""Signals: what platforms tell by themselves. Stored before anybody looks for who waits, and matched then or later.

A signal names our reference (an operation and its step), or the platform's own id of the service. Storing one raises
a counter of its operation that a Wait compares: a Wait that has not seen the newest signal is due at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, Text, Update, select, update

from schema.errors import NotFound
from schema.ids import key_of
from schema.store.clock import read_times
from schema.store.dialect import rows
from schema.store.moments import stored
from schema.store.services import ServiceChange
from schema.store.transaction import Transaction
from schema.store.waits import wake_now
from schema.tables import operation, service, signal

SIGNAL = (
    "product",
    "signal_id",
    "operation_id",
    "reference",
    "platform_id",
    "kind",
    "facts",
    "at",
    "received_at",
)
#: How many signals are matched at once.
MATCHED = 500

#: How long a signal that nobody is known for is looked at, in stored form: an hour. It can find its operation
#: later only by the platform's id being stored (`match_signals`), which has no limit.
GIVEN_UP = 3_600_000

GIVEN = {"id": BigInteger(), "operation_id": BigInteger()}
COUNT = {"id": BigInteger(), "count": Integer()}


@dataclass(frozen=True, slots=True)
class StoreSignal:
    """Store one signal; answered with the operation that waits for it, or None while nobody is known to.

    `reference` is the operation's id, followed by anything after a slash.
    """

    product: str
    signal_id: str
    kind: str
    at: datetime
    reference: str | None = None
    platform_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["StoreSignal"]) -> list["int | None"]:
        """Store what is new, and wake the operations that it is for."""
        return _store(transaction, records)


@dataclass(frozen=True, slots=True)
class MatchSignals:
    """Give signals that nobody was known for to whoever holds their service now; answered with how many.

    This finds those that were stored at the same moment as their platform id (see `match_signals`).
    """

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["MatchSignals"]) -> list[int]:
        """Look once, for all who ask."""
        query = _known_now(transaction.now).order_by(signal.c.id).limit(MATCHED)
        found = list(transaction.connection.execute(query))
        if found:
            transaction.run(_give(transaction.dialect), GIVEN, [tuple(row) for row in found])
            _wake(transaction, Counter(row.holder for row in found))
        return [len(found) for _ in records]


def has_matches(connection: Connection) -> bool:
    """Return whether there is anything to do for `MatchSignals`; this only reads."""
    query = _known_now(read_times(connection).business).limit(1)
    return connection.execute(query).first() is not None


def match_signals(transaction: Transaction, services: Iterable[ServiceChange]) -> None:
    """Give signals that came before the platform's id was known to the operation that learned it."""
    for change in services:  # only an operation that creates something learns an id, once
        product = select(service.c.product).where(service.c.id == change.id).scalar_subquery()
        mine = (signal.c.platform_id == change.platform_id) & (signal.c.product == product)
        mine &= signal.c.operation_id.is_(None)
        given = (
            update(signal).where(mine).values(operation_id=change.operation).returning(signal.c.id)
        )
        found = transaction.connection.execute(given).all()
        if found:
            _wake(transaction, {change.operation: len(found)})


def _store(transaction: Transaction, records: Sequence[StoreSignal]) -> list[int | None]:
    """Store signals, each once, and count them on their operations."""
    known = _known(transaction, records)
    owners = _owners(transaction, records)
    new: dict[tuple[str, str], tuple[Any, ...]] = {}
    for record, owner in zip(records, owners, strict=True):
        key = (record.product, record.signal_id)
        if key not in known and key not in new:
            told = (
                record.reference,
                record.platform_id,
                record.kind,
                json.dumps(record.facts),
                stored(record.at),
            )
            new[key] = (*key, owner, *told, transaction.now)
    transaction.add(signal, SIGNAL, list(new.values()))
    _wake(transaction, Counter(row[2] for row in new.values() if row[2] is not None))
    return owners


def _known(transaction: Transaction, records: Sequence[StoreSignal]) -> set[tuple[str, str]]:
    """Return which of the signals came before."""
    values = {(record.product, record.signal_id) for record in records}
    found = transaction.run(_by_id(transaction.dialect), ("product", "signal_id"), sorted(values))
    return {(row.product, row.signal_id) for row in found}


def _owners(transaction: Transaction, records: Sequence[StoreSignal]) -> list[int | None]:
    """Return the operation that each signal is for: the one it names, else the one that holds its service."""
    named = [_referred(record.reference) for record in records]
    query = select(operation.c.id, operation.c.product).where(
        operation.c.id.in_([key for key in named if key])
    )
    products = {row.id: row.product for row in transaction.connection.execute(query)}
    held = {(record.product, record.platform_id) for record in records if record.platform_id}
    found = (
        transaction.run(_by_platform(transaction.dialect), ("product", "platform_id"), sorted(held))
        if held
        else []
    )
    holders = {(row.product, row.platform_id): row.holder for row in found}
    return [
        key
        if key and products.get(key) == record.product
        else holders.get((record.product, record.platform_id or ""))
        for key, record in zip(named, records, strict=True)
    ]


def _referred(reference: str | None) -> int | None:
    """Return the operation that a reference names, if it is one of ours."""
    try:
        return key_of("op", reference.partition("/")[0]) if reference else None
    except NotFound:
        return None


def _wake(transaction: Transaction, counts: Mapping[int, int]) -> None:
    """Count signals on operations, and make those that wait due now, but for those in line and those parked."""
    if not counts:
        return
    values = sorted(counts.items())
    woken = [
        row.id
        for row in transaction.run(_count(transaction.dialect), COUNT, values)
        if not row.in_line and row.reason != "parked"
    ]
    wake_now(transaction, woken)


def _known_now(now: int) -> Select[Any]:
    """Return the query for signals that nobody was known for, with the operations that hold their services now."""
    held = signal.c.platform_id == service.c.platform_id
    held &= (signal.c.product == service.c.product) & service.c.holder.is_not(None)
    is_open = signal.c.operation_id.is_(None) & (signal.c.received_at > now - GIVEN_UP)
    return select(signal.c.id, service.c.holder).join(service, held).where(is_open)


@cache
def _count(dialect: str) -> Update:
    """Return the statement that counts signals on operations that have not ended."""
    given = rows(dialect, COUNT)
    counted = update(operation).values(signals=operation.c.signals + given.c.count)
    counted = counted.where(operation.c.id == given.c.id, operation.c.ended_at.is_(None))
    return counted.returning(operation.c.id, operation.c.in_line, operation.c.reason)


@cache
def _give(dialect: str) -> Update:
    """Return the statement that gives signals to operations."""
    given = rows(dialect, GIVEN)
    values = {"operation_id": given.c.operation_id}
    return update(signal).values(values).where(signal.c.id == given.c.id)


@cache
def _by_id(dialect: str) -> Select[Any]:
    """Return the query for signals by the platform's id of them."""
    given = rows(dialect, {"product": Text(), "signal_id": Text()})
    same = (signal.c.product == given.c.product) & (signal.c.signal_id == given.c.signal_id)
    return select(signal.c.product, signal.c.signal_id).select_from(given).join(signal, same)


@cache
def _by_platform(dialect: str) -> Select[Any]:
    """Return the query for who holds the services that platforms know under these ids."""
    given = rows(dialect, {"product": Text(), "platform_id": Text()})
    same = (service.c.product == given.c.product) & (service.c.platform_id == given.c.platform_id)
    return (
        select(service.c.product, service.c.platform_id, service.c.holder)
        .select_from(given)
        .join(service, same)
    )
