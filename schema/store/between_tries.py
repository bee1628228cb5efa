"""Between tries: who retries keeps the hold of his service, but not from what he is carried out beside (I5, BU-4).

What waits, and lets his verb through, was told something meanwhile: it goes between two of his tries, and he stands in
line then like anybody. So nobody acts while another does, and no outage keeps the platform's word from being heard.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Row, Select, or_, select, update

from schema.store.owner_turns import let_turns_go, resting
from schema.store.services import stand_in_line
from schema.store.transaction import Transaction
from schema.store.waits import set_waits
from schema.tables import FAR, due, operation, service

#: So long after the holder's next try whoever may not go yet looks again, in stored form.
AFTER_IT = 2_000


def line_up(
    transaction: Transaction, late: Sequence[Row[Any]], holding: AbstractSet[int]
) -> set[int]:
    """Let operations stand in line for their services; return those that go first, as whoever has the hold rests.

    Who is claimed now himself is `holding` on to it.
    """
    waiting = [row for row in late if row.state == "waiting" and not (row.cancel or row.undoing)]
    holders = _holders(transaction, {row.holder for row in waiting} - {None})
    may_go = {
        row.holder: row
        for row in reversed(waiting)
        if row.holder in holders and _lets(transaction, row, holders[row.holder].verb)
    }
    at_rest = {key: row for key, row in may_go.items() if key not in holding}
    gone = _take_between(transaction, at_rest)
    stand_in_line(transaction, [(row.id, row.service_id) for row in late if row.id not in gone])
    _look_again(
        transaction, {row.id: holders[key] for key, row in may_go.items() if row.id not in gone}
    )
    return gone


def _holders(transaction: Transaction, keys: AbstractSet[int]) -> dict[int, Row[Any]]:
    """Return the operations that have holds, with when each is looked at again."""
    if not keys:
        return {}
    columns = (operation.c.id, operation.c.verb, due.c.wake_at, due.c.settles_at)
    query: Select[Any] = select(*columns).where(operation.c.id.in_(keys))
    query = query.join(due, due.c.operation_id == operation.c.id)
    return {row.id: row for row in transaction.connection.execute(query)}


def _lets(transaction: Transaction, row: Row[Any], verb: str) -> bool:
    """Return whether an operation lets a verb through while it waits (CO-8)."""
    return verb in transaction.products[row.product].verbs[row.verb].through


def _take_between(transaction: Transaction, behind: Mapping[int, Row[Any]]) -> set[int]:
    """Give operations the holds, and with these the turns, of those that nobody works on till their next try."""
    is_failing = or_(operation.c.attempt > 0, operation.c.reason == "parked")
    gave_way = sorted(resting(transaction, behind.keys(), is_failing))
    let_turns_go(transaction, gave_way)
    gone = set[int]()
    for key in gave_way:  # seldom is one told something whose service is held so
        mine = behind[key]
        held = update(service).where(service.c.id == mine.service_id, service.c.holder == key)
        if transaction.connection.execute(held.values(holder=mine.id)).rowcount:
            gone.add(mine.id)
    return gone


def _look_again(transaction: Transaction, behind: Mapping[int, Row[Any]]) -> None:
    """Let who may not go yet look again once the holder's last calls have settled, or after his next try."""
    now = transaction.now
    soon = {
        key: row.settles_at if row.settles_at > now else max(row.wake_at, now) + AFTER_IT
        for key, row in behind.items()
        if row.wake_at < FAR
    }
    set_waits(transaction, [(key, at, 0) for key, at in soon.items()])
