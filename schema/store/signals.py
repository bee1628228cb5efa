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

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Row,
    Select,
    Text,
    Update,
    literal,
    select,
    update,
)

from schema.store.clock import read_times
from schema.store.dialect import rows
from schema.store.hearing import Heard, hear, to_be_told
from schema.store.moments import moment, stored
from schema.store.owners import Owner, at_work, owners_of
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
HEARD = (*SIGNAL, "service_id", "is_applied")

#: How many signals are matched at once.
MATCHED = 500

#: How long a signal that nobody is known for is looked at, in stored form: an hour. It can find its operation
#: later only by the platform's id being stored (`match_signals`), which has no limit.
GIVEN_UP = 3_600_000

#: What is read of a signal that is matched later.
_MATCHED = (signal.c.id, signal.c.product, signal.c.kind, signal.c.facts, signal.c.at)

GIVEN = {"id": BigInteger(), "operation_id": BigInteger()}
COUNT = {"id": BigInteger(), "count": Integer()}


@dataclass(frozen=True, slots=True)
class StoreSignal:
    """Store one signal; answered with the operation that waits for it, or None while nobody is known to.

    `reference` is the operation's id, followed by anything after a slash. What is not `is_ordered` comes from
    elsewhere than the platform, and is neither older nor newer than what that tells.
    """

    product: str
    signal_id: str
    kind: str
    at: datetime
    reference: str | None = None
    platform_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_ordered: bool = True

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["StoreSignal"]) -> list["int | None"]:
        """Store what is new, and wake the operations that it is for."""
        return _store(transaction, records)


@dataclass(frozen=True, slots=True)
class OwnSignal:
    """Something of ours that an operation waits for; told once under each `identity`."""

    operation: int
    product: str
    kind: str
    identity: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchSignals:
    """Give signals that nobody was known for to whoever is at work on their service now; answered with how many.

    This finds those that were stored at the same moment as their platform id (see `match_signals`).
    """

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["MatchSignals"]) -> list[int]:
        """Look once, for all who ask."""
        query = _known_now(transaction.now).order_by(signal.c.id).limit(MATCHED)
        found = list(transaction.connection.execute(query))
        given = _hear_stored(transaction, found)
        if given:
            values = [(row.id, row.at_work) for row in given]
            transaction.run(_give(transaction.dialect), GIVEN, values)
            _wake(transaction, Counter(row.at_work for row in given))
        return [len(found) for _ in records]


def has_matches(connection: Connection) -> bool:
    """Return whether there is anything to do for `MatchSignals`; this only reads."""
    query = _known_now(read_times(connection).business).limit(1)
    return connection.execute(query).first() is not None


def tell_operations(transaction: Transaction, told: Sequence[OwnSignal]) -> None:
    """Store signals of our own in the same transaction as what they tell of, and wake who waits for them."""
    now = transaction.now
    values = [
        (
            *(each.product, f"turnup:{each.identity}", each.operation, None, None),
            *(each.kind, json.dumps(each.facts), now, now),
        )
        for each in told
    ]
    transaction.add(signal, SIGNAL, values)
    _wake(transaction, Counter(each.operation for each in told))


def match_signals(transaction: Transaction, services: Iterable[ServiceChange]) -> None:
    """Give signals that came before the platform's id was known to the operation that learned it, or apply them."""
    for change in services:  # only an operation that creates something learns an id, once
        product = select(service.c.product).where(service.c.id == change.id).scalar_subquery()
        mine = (signal.c.platform_id == change.platform_id) & (signal.c.product == product)
        mine &= signal.c.operation_id.is_(None) & signal.c.service_id.is_(None)
        about = literal(change.id, BigInteger()).label("about")
        query = select(*_MATCHED, about).where(mine).order_by(signal.c.at, signal.c.id)
        found = _hear_stored(transaction, list(transaction.connection.execute(query)))
        if found:
            values = [(row.id, change.operation) for row in found]
            transaction.run(_give(transaction.dialect), GIVEN, values)
            _wake(transaction, {change.operation: len(found)})


def _hear_stored(transaction: Transaction, found: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Apply those signals, stored before their service was known, that move it by themselves; return the others."""
    heard = [row for row in found if row.kind in transaction.products[row.product].hears]
    told = [Heard(row.about, row.kind, json.loads(row.facts), moment(row.at)) for row in heard]
    for row, is_applied in zip(heard, hear(transaction, told), strict=True):
        values = {"service_id": row.about, "is_applied": is_applied}
        transaction.connection.execute(update(signal).where(signal.c.id == row.id).values(values))
        if is_applied:
            _wake(transaction, {key: 1 for _, key in to_be_told(transaction, [row.about])})
    return [row for row in found if row not in heard]


def _store(transaction: Transaction, records: Sequence[StoreSignal]) -> list[int | None]:
    """Store signals, each once, and count them on their operations."""
    known = _known(transaction, records)
    owners = owners_of(transaction, [(r.product, r.reference, r.platform_id) for r in records])
    new: dict[tuple[str, str], tuple[Any, ...]] = {}
    heard: dict[tuple[str, str], tuple[StoreSignal, Owner]] = {}
    for record, owner in zip(records, owners, strict=True):
        key = (record.product, record.signal_id)
        if key in known or key in new or key in heard:
            continue
        if owner.service is not None and record.kind in _hears(transaction, record):
            heard[key] = (record, owner)
        else:
            new[key] = (*key, owner.operation, *_said(record), transaction.now)
    transaction.add(signal, SIGNAL, list(new.values()))
    _wake(transaction, Counter(row[2] for row in new.values() if row[2] is not None))
    _store_heard(transaction, list(heard.values()))
    return [owner.operation for owner in owners]


def _store_heard(transaction: Transaction, heard: Sequence[tuple[StoreSignal, Owner]]) -> None:
    """Store signals that move services by themselves, and tell who is under way there of what was applied."""
    told = [
        Heard(owner.service or 0, each.kind, each.facts, each.at, each.is_ordered)
        for each, owner in heard
    ]
    applied = hear(transaction, told)
    values = [
        (
            *(record.product, record.signal_id, None, *_said(record), transaction.now),
            *(each.service, is_applied),
        )
        for (record, _), each, is_applied in zip(heard, told, applied, strict=True)
    ]
    transaction.add(signal, HEARD, values)
    moved = Counter(
        each.service for each, is_applied in zip(told, applied, strict=True) if is_applied
    )
    pairs = to_be_told(transaction, list(moved)) if moved else []
    _wake(transaction, {key: moved[service_id] for service_id, key in pairs})


def _hears(transaction: Transaction, record: StoreSignal) -> Mapping[str, Mapping[str, str]]:
    """Return which kinds of signals move a service of the product by themselves."""
    product = transaction.products.get(record.product)
    return product.hears if product else {}


def _said(record: StoreSignal) -> tuple[Any, ...]:
    """Return what a signal says, in the order of the columns."""
    named = (record.reference, record.platform_id, record.kind)
    return (*named, json.dumps(record.facts), stored(record.at))


def _known(transaction: Transaction, records: Sequence[StoreSignal]) -> set[tuple[str, str]]:
    """Return which of the signals came before."""
    values = {(record.product, record.signal_id) for record in records}
    found = transaction.run(_by_id(transaction.dialect), ("product", "signal_id"), sorted(values))
    return {(row.product, row.signal_id) for row in found}


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
    """Return the query for signals that nobody was known for, with the operations at work on their services now."""
    named = signal.c.platform_id == service.c.platform_id
    named &= signal.c.product == service.c.product
    is_open = signal.c.operation_id.is_(None) & signal.c.service_id.is_(None)
    is_open &= signal.c.received_at > now - GIVEN_UP
    columns = (*_MATCHED, at_work().label("at_work"), service.c.id.label("about"))
    return select(*columns).join(service, named).where(is_open, at_work().is_not(None))


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
