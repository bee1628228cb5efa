"""Opening operations: the rows that an accepted order becomes, all in one transaction (DESIGN idea 3)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Update, func, or_, update

from schema.asking import Beside
from schema.calendar import jeopardy
from schema.lifecycle import NEW
from schema.store.confirmations import add_codes
from schema.store.counts import ACCEPTED, Counted, count
from schema.store.dialect import Columns, next_keys_of, rows
from schema.store.known import Held
from schema.store.moments import moment, stored
from schema.store.order import Opened, Order
from schema.store.transaction import Line, Rows, Transaction, Written
from schema.store.visiting import next_visit
from schema.tables import FAR, OPERATION, SERVICE, command, due, operation, service

COMMAND = ("id", "source", "event_id", "content", "actor", "correlation_id", "data")
NEW_SERVICE = (
    "id",
    "customer",
    "reference",
    "product",
    "state",
    "holder",
    "entitled",
    "number",
    "sequence",
    "created_at",
    "facts",
    "made_beside",
    "visit_at",
)
OPENED = (
    "id", "service_id", "customer", "product", "verb", "state", "before", "number", "sequence", "outcome",
    "accepted_at", "starts_at", "jeopardy_at", "deadline_at", "ended_at", "in_line",
)  # fmt: skip
DUE = ("operation_id", "product", "customer", "wake_at", "decide_at")
HOLD: Columns = {"id": BigInteger(), "holder": BigInteger(), "line": Boolean()}


class Opening:
    """Collects what one transaction opens, and stores it with one statement a table."""

    def __init__(self, transaction: Transaction, most: int, besides: int = 0) -> None:
        self._transaction = transaction
        keys = next_keys_of(transaction.connection, (operation, service), most + besides)
        self._keys = iter([key for key, _ in keys])
        self._service_keys = iter([key for _, key in keys])
        self._services: list[tuple[Held, Order]] = []
        self._besides: dict[int, int] = {}
        self._opened: list[Opened] = []

    def new_service(self, order: Order, facts: Mapping[str, Any]) -> Held:
        """Add a service that has not begun."""
        made = Held(next(self._service_keys), order.product, NEW, None, json.dumps(dict(facts)))
        self._services.append((made, order))
        return made

    def new_beside(self, order: Order, beside: Beside, first: Held) -> Held:
        """Add a service at rest beside a new one."""
        facts = json.dumps(dict(beside.facts))
        made = Held(next(self._service_keys), order.product, beside.state, None, facts)
        self._services.append((made, replace(order, reference=beside.reference)))
        self._besides[made.id] = first.id
        return made

    def add(self, opened: Opened) -> Opened:
        """Add an operation: it takes the hold of its service, or stands in line for it (I5)."""
        opened.key = next(self._keys)
        opened.accepted_at = self._transaction.now
        start = opened.starts_at(self._transaction.now)
        opened.jeopardy_at = stored(jeopardy(moment(start), moment(opened.deadline_at)))
        self._opened.append(opened)
        if opened.is_already:
            return opened
        has_started = start <= self._transaction.now
        if has_started and opened.service.holder is None:
            opened.service.holder = opened.key
            opened.is_due = opened.takes_hold = True
        else:
            opened.is_in_line = has_started
        return opened

    def leave(self, key: int) -> None:
        """Note that an operation is replaced, if it is one of these."""
        for each in self._opened:
            if each.key == key:
                each.is_leaving = True

    def store(self, taken: Iterable[Rows]) -> None:
        """Store all of it, with the rows of what it takes."""
        if not self._opened:
            return
        now, transaction = self._transaction.now, self._transaction
        made = [
            (
                *(held.id, order.customer, order.reference, order.product, held.state, held.holder),
                *(self._is_entitled(held, order), 1, 0, now),
                *(held.facts, self._besides.get(held.id), self._visited(held, now)),
            )
            for held, order in self._services
        ]
        waiting = [each for each in self._opened if not each.is_already]
        transaction.add_all(
            [
                (service, NEW_SERVICE, made),
                (command, COMMAND, [_command(each) for each in self._opened]),
                (operation, OPENED, [_operation(each, now) for each in self._opened]),
                (due, DUE, [_due(each, now) for each in waiting]),
                *taken,
            ]
        )
        add_codes(transaction, self._codes())
        self._hold({held.id for held, _ in self._services})
        transaction.write_history([_begun_service(held, order) for held, order in self._services])
        transaction.write_history(_begun(each) for each in self._opened)
        count(transaction, [one for each in self._opened for one in _counted(each)])

    def _visited(self, held: Held, now: int) -> int:
        """Return when a new service is first read at its platform (CO-14)."""
        return next_visit(held.id, now, self._transaction.products[held.product].visit_every)

    def _is_entitled(self, held: Held, order: Order) -> bool:
        """Return whether a new service counts against the pool; what is made beside it does not."""
        product = self._transaction.products[order.product]
        return product.takes_entitlement and held.id not in self._besides

    def codes_of(self, service_id: int) -> list[int]:
        """Return when confirmation codes of a service begin that are opened in this transaction."""
        return [starts_at for _, held, starts_at in self._codes() if held == service_id]

    def _codes(self) -> list[tuple[int, int, int]]:
        """Return the operations that wait for a code, with their services, and when each begins (CO-13)."""
        products, now = self._transaction.products, self._transaction.now
        return [
            (each.key, each.service.id, each.starts_at(now))
            for each in self._opened
            if products[each.order.product].verbs[each.order.verb].confirmable
            and not each.is_already
        ]

    def _hold(self, made: set[int]) -> None:
        """Store who holds the services that were there before, and who stands in line for them."""
        changed = [
            each
            for each in self._opened
            if each.is_in_line or (each.takes_hold and each.service.id not in made)
        ]
        values = [
            (each.service.id, each.key if each.takes_hold else None, each.is_in_line)
            for each in changed
        ]
        for (
            value
        ) in values:  # two through verbs on one service in one batch are rare: one statement each
            self._transaction.run(_update_hold(self._transaction.dialect), HOLD, [value])


def _command(opened: Opened) -> tuple[Any, ...]:
    """Return the command's row."""
    order = opened.order
    key = (opened.key, order.source, order.event_id, order.content)
    return (*key, order.actor, order.correlation_id, order.data)


def _operation(opened: Opened, now: int) -> tuple[Any, ...]:
    """Return the operation's row; one with nothing to do has ended as it begins (CO-6)."""
    order, start = opened.order, opened.starts_at(now)
    named = (opened.key, opened.service.id, order.customer, order.product, order.verb)
    times = (now, start, opened.jeopardy_at, opened.deadline_at)
    if opened.is_already:
        return (*named, "succeeded", opened.service.state, 2, 2, "already", *times, now, False)
    return (*named, "accepted", opened.service.state, 1, 1, None, *times, None, opened.is_in_line)


def _due(opened: Opened, now: int) -> tuple[Any, ...]:
    """Return the due row: one that stands in line is woken when the service is let go."""
    order, wake_at = opened.order, FAR if opened.is_in_line else opened.starts_at(now)
    return (opened.key, order.product, order.customer, wake_at, opened.jeopardy_at)


def _begun(opened: Opened) -> Written:
    """Return the operation's first lines."""
    order = opened.order
    accepted = Line("accepted", order.actor, before=None, after="accepted", event="accepted")
    if not opened.is_already:
        return Written(OPERATION, opened.key, 1, 1, (accepted,))
    why = f"the service is {opened.service.state} already"
    ended = Line("succeeded", "intake", why, "accepted", "succeeded", event="succeeded")
    return Written(OPERATION, opened.key, 2, 2, (accepted, ended))


def _counted(opened: Opened) -> list[Counted]:
    """Return what is counted of an operation: that it was accepted, and its end where there is nothing to do."""
    order = opened.order
    accepted = Counted(order.product, order.verb, ACCEPTED)
    ended = Counted(order.product, order.verb, "succeeded", "already")
    return [accepted, ended] if opened.is_already else [accepted]


def _begun_service(held: Held, order: Order) -> Written:
    """Return the first line of a service."""
    return Written(SERVICE, held.id, 1, 0, (Line("created", order.actor, after=held.state),))


@cache
def _update_hold(dialect: str) -> Update:
    """Return the statement that gives services to their holders."""
    given = rows(dialect, HOLD)
    values = {
        "holder": func.coalesce(given.c.holder, service.c.holder),
        "line": or_(service.c.line, given.c.line),
    }
    return update(service).values(values).where(service.c.id == given.c.id)
