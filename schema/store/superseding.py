"""Superseding: a verb that replaces a waiting one ends it, and waits until what that had done is undone (CO-8).

What starts later than it was accepted meets here what has come to the service meanwhile (CO-13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, or_, update

from schema.errors import Refusal
from schema.store.asked import held_operation
from schema.store.cancels import Cancel, ask_back, end_unbegun, has_surely_not_begun, held_service
from schema.store.known import all_under_way
from schema.store.services import stand_in_line
from schema.store.transaction import Transaction
from schema.tables import service

#: Why a replaced operation ends.
SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Superseded:
    """A waiting operation that another one on its service replaces."""

    operation: int
    service: int
    actor: str


def supersede(transaction: Transaction, replaced: Sequence[Superseded]) -> None:
    """Cancel operations whose successors stand in line; each gets the free hold of its service back to be undone.

    What ended meanwhile, or has just gone past its point of no return, is left as it is: the successor finds out.
    """
    for each in replaced:  # people ask for what replaces, so they are few
        found = held_operation(transaction, each.operation)
        if isinstance(found, Refusal) or found.ended_at is not None or found.past_return:
            continue
        record = Cancel(each.operation, each.actor, SUPERSEDED)
        if has_surely_not_begun(transaction, found):
            owner = transaction.connection.execute(
                held_service(transaction.dialect), {"id": each.service}
            ).one()
            end_unbegun(transaction, record, found, owner)
            continue
        free = update(service).where(service.c.id == each.service, service.c.holder.is_(None))
        transaction.connection.execute(free.values(holder=each.operation))
        ask_back(transaction, record, found)


@dataclass(frozen=True, slots=True)
class Met:
    """Operations that cannot begin at their later start: some stand in line now, some are refused.

    Those that are replaced have the hold of their service since they were read: only the next claim knows. The same is
    said of what nobody here can decide about.
    """

    in_line: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    replaced: frozenset[int] = frozenset()


def meet_at_start(transaction: Transaction, starting: Sequence[Row[Any]]) -> Met:
    """Look what waits on the services of operations that begin later than they were accepted, without the hold.

    What lets them through goes on beside them, what they replace is ended first, anything else refuses them.
    """
    later = [row for row in starting if row.starts_at > row.accepted_at]
    if not later:
        return Met()
    under_way = all_under_way(transaction, [row.service_id for row in later])
    in_line, refused, leaving = set[int](), set[int](), set[int]()
    for row in later:  # few are ordered for a moment, and fewer meet anything then
        product = transaction.products[row.product]
        others = [
            each
            for each in under_way.get(row.service_id, ())
            if each.is_begun and not each.lets_through(product, row.verb)
        ]
        if not others or row.holder not in {None, row.id}:
            continue
        if any(each.verb not in product.verbs for each in others):
            leaving.add(row.id)  # a newer version knows what lets it (I11)
        elif all(each.gives_way(product, row.verb) for each in others):
            _let_first(transaction, row, others[0].key)
            replaced = [each.key for each in others if not each.is_leaving]
            supersede(transaction, [Superseded(k, row.service_id, row.actor) for k in replaced])
            in_line.add(row.id)
            leaving.update(each.key for each in others)
        else:
            refused.add(row.id)
    return Met(frozenset(in_line), frozenset(refused), frozenset(leaving))


def _let_first(transaction: Transaction, row: Row[Any], first: int) -> None:
    """Give the hold to an operation that has to be undone before this one, which stands in line."""
    held = update(service).where(service.c.id == row.service_id)
    held = held.where(or_(service.c.holder.is_(None), service.c.holder == row.id))
    transaction.connection.execute(held.values(holder=first))
    stand_in_line(transaction, [(row.id, row.service_id)])
