"""The waker: offers what is due, customers in turn, takes over from lapsed workers, and decides deadlines.

A pass costs what is due, never what waits. Two wakers do no harm: an offer gives no right, and a
deadline is decided once.
"""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import takewhile
from math import inf
from typing import Any

import structlog

from schema.errors import NotStored, Unanswered, Unreachable
from schema.lifecycle import Product
from schema.queue import OFFER_SIZE, Offer
from schema.store.database import Database
from schema.store.deadlines import MissDeadline, TellJeopardy
from schema.store.leases import WAKER, Boot, Renew, Resign, TakeOver, next_lapse, rooms
from schema.store.signals import MatchSignals, has_matches
from schema.store.stillness import Stillness, in_step
from schema.store.waking import (
    Late,
    Quiet,
    Wake,
    customers_in_turn,
    due_of_customers,
    due_operations,
    late_operations,
    quiet,
)
from schema.store.writer import Record, Writer, wait_for
from workers import escalation
from workers.lease import LeaseTerms

log = structlog.get_logger()

#: The longest pause between two passes, and the shortest while there is something to do, in seconds.
LONGEST, SHORTEST = 0.5, 0.03

#: More operations a second than the workers of a product begin: what fills their room lasts at least so long.
FASTEST = 10_000

#: How often lapsed workers are looked for, in seconds.
LAPSED = 2.0

#: The row of a waker is renewed this often in its length, so that one renewal may fail.
RENEWALS = 3

#: How long an offer is remembered before it is made again, in seconds.
REMEMBERED = 5.0

#: How many due operations are read at once; more than that is a backlog, and customers take turns.
PAGE = 512

#: How many customers have a turn in one pass.
TURNS = 64

#: How many deadlines are decided at once.
LATE_PAGE = 500


class Waker:
    """Looks at what is due, again and again; `wake` makes it look now.

    With `terms` it keeps a row among the workers, by which others see how lately it has looked, and lets the last calls
    of dead workers settle.
    """

    def __init__(
        self,
        database: Database,
        writer: Writer,
        products: Mapping[str, Product],
        offer: Offer,
        terms: LeaseTerms | None = None,
    ) -> None:
        self._database = database
        self._writer = writer
        self._products = products
        self._offer = offer
        self._terms = terms
        self._row: int | None = None
        self._shows_at = 0.0
        self._stillness = Stillness(database)
        self._offered: dict[Wake, float] = {}
        self._is_anew = False
        #: How long a backlog keeps the workers busy, in seconds.
        self._backlog = 0.0
        self._last_customer: dict[str, str] = {}
        self._next_look_for_lapsed = 0.0
        self._wanted = threading.Event()
        self._passing = threading.Lock()

    def wake(self) -> None:
        """Make a pass soon; callable from every thread."""
        self._wanted.set()

    def offer_again(self) -> None:
        """Make a pass soon that offers anew what was offered lately; for who knows that nobody is at work.

        Where time stands, an operation that is due a second time is due at the same instant as the first time.
        """
        self._is_anew = True
        self.wake()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody look at what is due while the block runs, so that several clocks move as one."""
        with self._passing:
            yield

    def run(self, stop: threading.Event) -> None:
        """Make passes until stopped; a database that does not answer is waited for."""
        is_reachable = True
        while not stop.is_set():
            try:
                pause = self.once()
                is_reachable = True
            except (Unreachable, NotStored) as error:
                if is_reachable:
                    log.warning("waker_waits", error=str(error))
                is_reachable, pause = False, LONGEST
            except Exception:
                if is_reachable:
                    log.exception("waker_failed")
                is_reachable, pause = False, LONGEST
            stop.wait(self._backlog)
            self._wanted.wait(pause)
            self._wanted.clear()
        if self._row is not None:
            self._writer.submit([Resign(self._row)])

    def once(self) -> float:
        """Make one pass, and return in how many seconds the next one is worth while."""
        self._backlog = 0.0
        with self._passing:
            self._show()
            if self._stillness.lasts() and not self._is_anew:
                return self._until(self._stillness.left)
            found, left = self._look()
            if found.is_quiet:
                self._stillness.note(min(found.lasts, left))
                return self._until(max(self._stillness.left, SHORTEST))
            if self._decide() + self._offer_due():
                return SHORTEST
        return min(max(found.lasts, SHORTEST), LONGEST)

    def _look(self) -> tuple[Quiet, float]:
        """Return what there is to do, and in how many seconds the next lease can lapse.

        Where there is nothing, or it is time, what lapsed workers own is freed, and signals are matched that nobody was
        known for.
        """
        left, has_signals = inf, False
        with self._database.look() as connection:
            found = quiet(connection)
            if found.is_quiet or time.monotonic() >= self._next_look_for_lapsed:
                self._next_look_for_lapsed = time.monotonic() + LAPSED
                left, has_signals = next_lapse(connection), has_matches(connection)
        if left < 0:
            settle = self._terms.settle if self._terms else timedelta()
            (taken,) = self._store([TakeOver(settle=settle)])
            if taken.workers:
                log.warning("taken_over", **taken.told)
        if has_signals:
            self._store([MatchSignals()])
        return found, left

    def _show(self) -> None:
        """Show that this waker looks, if it has to and it is time: its row, or that the row is still its own."""
        now = time.monotonic()
        if self._terms is None or now < self._shows_at:
            return
        coming = now + in_step(self._terms.length.total_seconds() / RENEWALS)
        if self._row is None:
            (self._row,) = self._store([Boot(WAKER, socket.gethostname(), {}, self._terms.length)])
        elif self._store([Renew(self._row, self._terms.length)]) == [False]:
            self._row = None
            return
        self._shows_at = coming

    def _until(self, left: float) -> float:
        """Return how long nothing has to be done, so much of it being left: until its own row is to be shown."""
        shows = inf if self._terms is None else self._shows_at - time.monotonic()
        return max(min(left, LONGEST, shows), 0.0)

    def _decide(self) -> int:
        """Tell of jeopardy and decide missed deadlines; return of how many operations."""
        with self._database.look() as connection:
            late = late_operations(connection, LATE_PAGE)
        if known := [each for each in late if self._is_known(each)]:
            self._store([self._decision(each) for each in known])
        return len(known)

    def _is_known(self, late: Late) -> bool:
        """Return whether this version knows product and verb; else it leaves the decision to a newer waker (I11)."""
        product = self._products.get(late.product)
        return product is not None and late.verb in product.verbs

    def _decision(self, late: Late) -> Record:
        """Return what is to be decided about one operation."""
        if late.now > late.deadline_at:
            note = escalation.missed(late, self._products[late.product])
            return MissDeadline(late.operation, note)
        return TellJeopardy(late.operation)

    def _offer_due(self) -> int:
        """Offer what is due and was not offered lately; return how many operations that was."""
        with self._database.look() as connection:
            due = due_operations(connection, PAGE)
            room = rooms(connection) if sum(map(len, due.values())) == PAGE else {}
        for name, size in room.items():
            turn = [*self._in_turn(name, size), *due.get(name, [])]
            due[name] = list(dict.fromkeys(turn))[: 2 * size]
        enough = [size for name, size in room.items() if len(due[name]) == 2 * size]
        self._backlog = min(enough, default=0) / FASTEST
        now = time.monotonic()
        if self._is_anew:
            self._is_anew = False
            self._offered.clear()
        self._forget(now - REMEMBERED)
        return sum(self._offer_new(name, wakes, now) for name, wakes in due.items())

    def _forget(self, until: float) -> None:
        """Forget what was offered up to a moment; the oldest offers stand first."""
        for wake in list(takewhile(lambda each: self._offered[each] <= until, self._offered)):
            del self._offered[wake]

    def _in_turn(self, product: str, room: int) -> list[Wake]:
        """Return what the workers have room for, twice over, each customer in turn."""
        after = self._last_customer.get(product, "")
        with self._database.look() as connection:
            customers = customers_in_turn(connection, product, after, TURNS)
            if not customers:
                return []
            self._last_customer[product] = customers[-1]
            each = -(-2 * room // len(customers))
            return due_of_customers(connection, product, customers, each)[: 2 * room]

    def _offer_new(self, product: str, wakes: Sequence[Wake], now: float) -> int:
        """Offer those of these operations that were not offered lately."""
        new = [wake for wake in wakes if wake not in self._offered]
        for start in range(0, len(new), OFFER_SIZE):
            self._offer(product, [wake.operation for wake in new[start : start + OFFER_SIZE]])
        self._offered.update(dict.fromkeys(new, now))
        return len(new)

    def _store(self, records: Sequence[Record]) -> list[Any]:
        """Store records and return their answers; raise the first that was refused."""
        try:
            answers = wait_for(self._writer.submit(records), LONGEST * 20)
        except TimeoutError as error:
            raise Unanswered("the database did not answer in time") from error
        for answer in answers:
            if isinstance(answer, NotStored):
                raise answer
        return answers
