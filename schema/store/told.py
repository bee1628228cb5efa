"""What is known about the operations of one claim, beside their rows: steps, signals, secrets, mails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select

from schema.store.claimed import StoredSignal
from schema.store.moments import moment
from schema.store.secrets import secret_states
from schema.store.transaction import Transaction
from schema.tables import OPERATION, delivery, history, operation, signal

Signals = Mapping[int, tuple[StoredSignal, ...]]


@dataclass(frozen=True, slots=True)
class AllTold:
    """Secrets by service, the rest by operation."""

    secrets: Mapping[int, Mapping[str, str]]
    facts: Mapping[int, Mapping[str, str]]
    signals: Signals
    mailed: Mapping[int, Mapping[str, datetime]]


def all_told(transaction: Transaction, claimed: Sequence[Row[Any]]) -> AllTold:
    """Return what is known about operations that a claim got; of those that begin there is less to read."""
    begun = [row.id for row in claimed if row.state != "accepted"]
    return AllTold(
        secrets=secret_states(transaction, [row.service_id for row in claimed if row.has_secrets]),
        facts=_facts(transaction, begun),
        signals=_signals(transaction, [row.id for row in claimed if row.signals]),
        mailed=_mailed(transaction, begun),
    )


def _facts(transaction: Transaction, operations: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return what the steps of operations learned, by step; a step's newest facts win."""
    facts: dict[int, dict[str, str]] = {}
    if operations:
        transaction.flush()
        query = select(history.c.owner, history.c.step, history.c.facts).order_by(history.c.number)
        query = query.where(
            history.c.kind == OPERATION,
            history.c.owner.in_(operations),
            history.c.facts.is_not(None),
        )
        for row in transaction.connection.execute(query):
            facts.setdefault(row.owner, {})[row.step] = row.facts
    return facts


def _signals(transaction: Transaction, operations: Sequence[int]) -> Signals:
    """Return the signals of operations in the platform's order of time, with what moved their services meanwhile."""
    signals: dict[int, tuple[StoredSignal, ...]] = {}
    if operations:
        columns = (operation.c.id.label("owner"), signal.c.kind, signal.c.at, signal.c.facts)
        is_heard = and_(
            signal.c.service_id == operation.c.service_id,
            signal.c.is_applied,
            signal.c.received_at >= operation.c.accepted_at,
        )
        mine = or_(signal.c.operation_id == operation.c.id, is_heard)
        query = select(*columns).join(operation, mine).where(operation.c.id.in_(operations))
        for row in transaction.connection.execute(query.order_by(signal.c.at, signal.c.id)):
            found = StoredSignal(row.kind, moment(row.at), row.facts)
            signals[row.owner] = (*signals.get(row.owner, ()), found)
    return signals


def _mailed(transaction: Transaction, operations: Sequence[int]) -> dict[int, dict[str, datetime]]:
    """Return which mails of operations a mail server has accepted, and when, by cause."""
    mailed: dict[int, dict[str, datetime]] = {}
    if operations:
        query = select(delivery.c.operation_id, delivery.c.cause, delivery.c.sent_at).where(
            delivery.c.operation_id.in_(operations), delivery.c.sent_at.is_not(None)
        )
        for row in transaction.connection.execute(query):
            mailed.setdefault(row.operation_id, {})[row.cause] = moment(row.sent_at)
    return mailed
