"""Turns of owners: operations that touch the same user or workspace act one at a time, on whatever service (SD-8).

A product names the owners (`Product.turns`). An operation has a turn from the claim after which it acts until it lets
its service go, or needs a person. Who has to wait holds his service and no turn, and nobody with a turn waits for a
service: so nobody waits in a circle. The unique key decides between two at once. What is urgent does not wait for one
that only rests between two tries: that would be for as long as those fail (SD-12).
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, delete, select, union, update

from schema.store.dialect import ID, is_given, locked, packed, rows
from schema.store.transaction import Transaction
from schema.store.waits import set_waits
from schema.tables import due, operation, owner_turn

TURN = ("product", "name", "operation_id")

#: A product and an owner, as it names him.
Owner = tuple[str, str]

#: The reason of an operation that waits for others' turns, unless it has another.
OTHERS_FIRST = "another operation for the same user or workspace goes first"

#: Who waits looks again after so long, or when whoever has the turn is looked at himself, in stored form.
SOONEST, LATEST = 1_000, 10_000


class Turn(NamedTuple):
    """Who has a turn, and when he is looked at again."""

    operation: int
    wake_at: int


def take_turns(
    transaction: Transaction,
    wanted: Mapping[int, Sequence[Owner]],
    urgent: AbstractSet[int] = frozenset(),
) -> set[int]:
    """Give operations, the oldest first, all turns that they want at once; return those that have to wait.

    One that has turns already goes on with them.
    """
    wanted = {key: owners for key, owners in sorted(wanted.items()) if owners}
    if not wanted:
        return set()
    had = _had(transaction, wanted)
    first = {owner for key in urgent for owner in wanted.get(key, ())}
    in_way = {each.operation for owner, each in had.items() if owner in first} - wanted.keys()
    gone = resting(transaction, in_way)
    let_turns_go(transaction, sorted(gone))
    had = {owner: each for owner, each in had.items() if each.operation not in gone}
    acting = {each.operation for each in had.values()}
    taken: list[tuple[str, str, int]] = []
    late: dict[int, int] = {}
    for key, owners in wanted.items():
        before = [had[owner].wake_at for owner in owners if owner in had]
        if key in acting or not before:
            had |= dict.fromkeys(owners, Turn(key, transaction.now))
            taken += [(*owner, key) for owner in set(owners) if key not in acting]
        else:
            late[key] = max(before)
    transaction.add(owner_turn, TURN, taken)
    _look_again(transaction, late)
    return set(late)


def let_turns_go(transaction: Transaction, operations: Sequence[int]) -> None:
    """Free the turns of operations."""
    if operations:
        theirs = owner_turn.c.operation_id.in_(operations)
        transaction.connection.execute(delete(owner_turn).where(theirs))


def resting(
    transaction: Transaction, operations: AbstractSet[int], *conditions: ColumnElement[bool]
) -> set[int]:
    """Return those of these operations that nobody works on and whose calls have settled, held until the commit."""
    if not operations:
        return set()
    query = select(operation.c.id).join(due, due.c.operation_id == operation.c.id)
    query = query.where(operation.c.id.in_(operations), operation.c.owner.is_(None), *conditions)
    query = query.where(due.c.settles_at <= transaction.now)
    # Who is just being claimed does not rest.
    free = locked(transaction.dialect, query, operation, skip=True)
    return set(transaction.connection.execute(free).scalars())


def _had(transaction: Transaction, wanted: Mapping[int, Iterable[Owner]]) -> dict[Owner, Turn]:
    """Return the turns that these operations want or have, and who has them."""
    owners = sorted({owner for owners in wanted.values() for owner in owners})
    given = {"rows": packed(ID, ((key,) for key in wanted)), "owners": packed(TURN[:2], owners)}
    found = transaction.connection.execute(_turns(transaction.dialect), given)
    return {(row.product, row.name): Turn(row.operation_id, row.wake_at) for row in found}


def _look_again(transaction: Transaction, late: Mapping[int, int]) -> None:
    """Let operations wait until those before them may have gone on, and say why."""
    soonest, latest = transaction.now + SOONEST, transaction.now + LATEST
    at = {key: min(max(soonest, wake_at), latest) for key, wake_at in late.items()}
    set_waits(transaction, [(key, wake_at, 0) for key, wake_at in at.items()])
    if at:
        mute = operation.c.id.in_(sorted(at)) & operation.c.reason.is_(None)
        transaction.connection.execute(update(operation).where(mute).values(reason=OTHERS_FIRST))


@cache
def _turns(dialect: str) -> Select[Any]:
    """Return the query for turns, by their owners and by who has them."""
    given = rows(dialect, {"product": Text(), "name": Text()}, "owners")
    same = (owner_turn.c.product == given.c.product) & (owner_turn.c.name == given.c.name)
    theirs = select(owner_turn).where(is_given(dialect, owner_turn.c.operation_id))
    found = union(select(owner_turn).join(given, same), theirs).subquery("found")
    return select(found, due.c.wake_at).join(due, due.c.operation_id == found.c.operation_id)
