"""Claiming: a worker takes operations that are due, as many as it has room for, and gets all that it has to know.

Only a claim gives the right to work on an operation. It raises the epoch that every later write has to name, counts
the try before it runs, and takes the hold of the service (I5).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    func,
    or_,
    select,
    update,
)

from schema.lifecycle import Phase, move
from schema.store.beginning import Word, word_about
from schema.store.besides import has_beside
from schema.store.between_tries import line_up
from schema.store.claimed import (
    AS_COUNTED,
    AS_MOMENTS,
    AS_STORED,
    Begins,
    Claimed,
)
from schema.store.dialect import ID, Columns, is_given, locked, packed, rows
from schema.store.known import customer_of
from schema.store.leases import is_alive
from schema.store.moments import moment
from schema.store.owner_turns import OTHERS_FIRST, Owner, take_turns
from schema.store.pauses import is_active
from schema.store.secrets import has_secrets
from schema.store.services import ServiceChange, change_services, take_holds
from schema.store.superseding import meet_at_start
from schema.store.told import AllTold, all_told
from schema.store.transaction import Line, Transaction, Written
from schema.tables import OPERATION, clock, command, customer, due, operation, service


@dataclass(frozen=True, slots=True)
class Claim:
    """Take those of these operations that are due and free; answered with the ones taken.

    An operation that the claimer owns already comes back too: it is one whose answer was lost, for a worker never
    claims what it is working on. Who has lost his lease gets nothing: nobody would take it over from him again.
    `final` names the verbs of which not even the first step can be undone.
    """

    owner: int
    operations: tuple[int, ...]
    final: frozenset[str] = frozenset()

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Claim"]) -> list[list[Claimed]]:
        """Take for each claimer in turn."""
        return [_take(transaction, record) for record in records]


CLAIM: Columns = {
    "id": BigInteger(),
    "owner": BigInteger(),
    "state": Text(),
    "before": Text(),
    "lines": Integer(),
    "past_return": Boolean(),
}

#: What is read of a candidate beside what its worker gets.
TO_DECIDE = ("before", "signals", "holder", "service_state", "customer_data", "has_secrets")

BEGUN = Line("begun", "worker", before="accepted", after="running")


def _take(transaction: Transaction, wanted: Claim) -> list[Claimed]:
    """Return what this claimer gets."""
    if not is_alive(transaction, wanted.owner):
        return []
    asked = packed(ID, ((key,) for key in set(wanted.operations)))
    given = {"rows": asked, "owner": wanted.owner, "now": transaction.now}
    found = transaction.connection.execute(_candidates(transaction.dialect), given).all()
    met = meet_at_start(transaction, [row for row in found if row.state == "accepted"])
    waiting = met.in_line | met.replaced
    free = _free(transaction, [row for row in found if row.id not in waiting])
    if not free:
        return []
    said = {row.id: word_about(transaction, row, is_refused=row.id in met.refused) for row in free}
    late = take_turns(transaction, *_turns(transaction, free, said))
    free = [row for row in free if row.id not in late]
    begun = {row.id: begins for row in free if (begins := said[row.id].begins)}
    values = [_value(row, wanted, begun.get(row.id)) for row in free]
    counters = {row.id: row for row in transaction.run(_claim(transaction.dialect), CLAIM, values)}
    transaction.write_history(
        Written(OPERATION, key, counters[key].number, counters[key].sequence, (BEGUN,))
        for key, begins in begun.items()
        if begins == "yes"
    )
    _begin_services(transaction, free, begun)
    told = all_told(transaction, free)
    return [_claimed(transaction, row, counters[row.id], (begun.get(row.id), told)) for row in free]


def _free(transaction: Transaction, found: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return the operations that may act on their service; the others stand in line for it."""
    known = [  # a verb that is missing here, a newer version knows (I11)
        row for row in found if row.verb in transaction.products[row.product].verbs
    ]
    first = {row.service_id: row for row in reversed(known) if row.holder is None}
    wanted = [(row.service_id, row.id, row.service_state) for row in first.values()]
    holding = {row.id for row in known if row.holder == row.id} | take_holds(transaction, wanted)
    if late := [row for row in known if row.id not in holding]:
        holding |= line_up(transaction, late, holding)
    return [row for row in known if row.id in holding]


def _turns(
    transaction: Transaction, free: Iterable[Row[Any]], said: Mapping[int, Word]
) -> tuple[dict[int, Sequence[Owner]], set[int]]:
    """Return the owners for whom operations act (SD-8), and those of these that are urgent (SD-12)."""
    of_owners = [row for row in free if said[row.id].owners]
    verbs = {row.id: transaction.products[row.product].verbs[row.verb] for row in of_owners}
    urgent = {key for key, verb in verbs.items() if verb.severity == "high"}
    return {row.id: said[row.id].owners for row in of_owners}, urgent


def _value(row: Row[Any], wanted: Claim, begins: Begins | None) -> tuple[Any, ...]:
    """Return a claim as a row for the statement.

    What may not begin stays `accepted`: should its worker die before it has ended it, the next claim decides again.
    """
    if begins == "yes":
        is_final = row.verb in wanted.final and row.cancel is None
        return (row.id, wanted.owner, "running", row.service_state, 1, is_final)
    before = row.service_state if row.state == "accepted" else row.before
    return (row.id, wanted.owner, row.state, before, 0, False)


def _begin_services(
    transaction: Transaction, free: Iterable[Row[Any]], begun: Mapping[int, Begins]
) -> None:
    """Take the hold where nobody had it, and move the services of operations that begin."""
    changes = []
    for row in free:
        line = _move(transaction, row) if begun.get(row.id) == "yes" else None
        if line or row.holder is None:
            changes.append(ServiceChange(row.service_id, row.id, line))
    change_services(transaction, changes)


def _move(transaction: Transaction, row: Row[Any]) -> Line | None:
    """Return the line of a service that moves as an operation begins."""
    verb = transaction.products[row.product].verbs[row.verb]
    after = move(verb, Phase.BEGUN, row.service_state, row.service_state)
    if after == row.service_state:
        return None
    return Line(
        "moved", "worker", f"{row.verb} began", row.service_state, after, event="service_changed"
    )


def _claimed(
    transaction: Transaction,
    row: Row[Any],
    counters: Row[Any],
    known: tuple[Begins | None, AllTold],
) -> Claimed:
    """Return what the worker has to know about one operation."""
    begins, told = known
    state = row.service_state
    if begins == "yes":
        verb = transaction.products[row.product].verbs[row.verb]
        state = move(verb, Phase.BEGUN, state, state)
    # Both rows begin with these columns: reading each by its name takes longer than all the rest.
    given: dict[str, Any] = dict(zip(AS_STORED, row, strict=False))
    given |= zip(AS_MOMENTS, map(moment, row[len(AS_STORED) :]), strict=False)
    given |= zip(AS_COUNTED, counters, strict=False)
    return Claimed(
        **given,
        begins=begins,
        signals_seen=row.signals,
        now=moment(transaction.now),
        service_state=state,
        customer_record=customer_of(row.customer_data),
        secrets=told.secrets.get(row.service_id, {}),
        mailed=told.mailed.get(row.id, {}),
        facts=told.facts.get(row.id, {}),
        signals=told.signals.get(row.id, ()),
    )


def _columns() -> Iterator[ColumnElement[Any]]:
    """Yield the columns of a candidate, those of `AS_STORED` and `AS_MOMENTS` first and in their order."""
    others = {
        "installation": select(clock.c.installation).scalar_subquery(),
        **{name: command.c[name] for name in ("actor", "correlation_id", "data")},
        **{name: service.c[name] for name in ("customer", "reference", "holder", "platform_id")},
        "service_state": service.c.state,
        "service_facts": service.c.facts,
        "has_beside": has_beside(service.c.id),
        "customer_data": customer.c.data,
        "has_secrets": has_secrets(service.c.id),
        "reason": func.nullif(operation.c.reason, OTHERS_FIRST),
    }
    for name in (*AS_STORED, *AS_MOMENTS, *TO_DECIDE):
        yield others[name].label(name) if name in others else operation.c[name]


@cache
def _candidates(dialect: str) -> Select[Any]:
    """Return the query for what can be claimed of some operations, and all that is known of it."""
    is_free = and_(operation.c.owner.is_(None), is_active(operation.c.product))
    free = or_(is_free, operation.c.owner == bindparam("owner"))
    query = (
        select(*_columns())
        .select_from(operation)
        .join(due, due.c.operation_id == operation.c.id)
        .join(command, command.c.id == operation.c.id)
        .join(service, service.c.id == operation.c.service_id)
        .join(customer, customer.c.name == service.c.customer)
        .where(
            is_given(dialect, operation.c.id),
            free,
            due.c.wake_at <= bindparam("now"),
        )
        .order_by(operation.c.id)
    )
    return locked(dialect, query, operation, skip=True)


@cache
def _claim(dialect: str) -> Update:
    """Return the statement that makes operations the claimer's; looking again at one that waits is no move."""
    given = rows(dialect, CLAIM)
    values = {
        "owner": given.c.owner,
        "before": given.c.before,
        "epoch": operation.c.epoch + 1,
        "tries": operation.c.tries + 1,
        "in_line": False,
        "reason": func.nullif(operation.c.reason, OTHERS_FIRST),
        "state": given.c.state,
        "number": operation.c.number + given.c.lines,
        "past_return": or_(operation.c.past_return, given.c.past_return),
    }
    claimed = update(operation).values(values).where(operation.c.id == given.c.id)
    columns = (*AS_COUNTED, "id", "number", "sequence")
    return claimed.returning(*(operation.c[name] for name in columns))
