"""A whole system in one process, in the hands of a test.

Business time stands until the test moves it, the waker makes a pass when it is told to, messages
lie in a list in which they can be lost, doubled and reordered, and a worker can die at every point.
Nothing is waited for but that what can be done is done.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs as captured

import schema.store.writer
import workers.carrier
import workers.journal
import workers.transport
import workers.waker
from schema.command import content_hash
from schema.customer import Customer
from schema.errors import StoreFull
from schema.sealing import seal_fields
from schema.store.acceptance import Accept
from schema.store.cancels import Cancel
from schema.store.clock import MoveTime, business_now
from schema.store.confirmations import Confirm
from schema.store.customers import ChangeCustomer
from schema.store.database import Database
from schema.store.order import Accepted, Answer, Order
from schema.store.signals import StoreSignal
from schema.store.transaction import Transaction
from schema.store.waking import Quiet, quiet
from schema.store.writer import Writer
from tests.world import invariants
from tests.world.databases import ease, stand_clock
from tests.world.platform import Platform, told_at
from tests.world.points import PATIENCE, Points
from tests.world.reading import Rows
from tests.world.subjects import Subject, customer_of
from tests.world.worker import SEALER, Equipment, Worker
from workers.waker import Waker

#: A Monday morning in Rome.
START = datetime(2026, 5, 4, 8, tzinfo=UTC)

#: Pauses in real time that would only make tests slow.
PAUSES = (
    (workers.waker, "REMEMBERED", 0.0),
    (workers.waker, "LAPSED", 0.0),
    (schema.store.writer, "RECONNECT", 0.01),
    (workers.journal, "FULL_PAUSE", 0.01),
    (workers.carrier, "LEASE_PAUSE", 0.01),
    (workers.transport, "PAUSE", 0.0),
    (workers.transport, "LONGEST_PAUSE", 0.0),
)


@dataclass(frozen=True)
class Do:
    """A record of tests: runs something in a writing transaction."""

    what: Callable[[Transaction], Any]

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["Do"]) -> list[Any]:
        """Run each."""
        return [record.what(transaction) for record in records]


class World:
    """The system; closed by `close`."""

    def __init__(self, url: str, subjects: Sequence[Subject], start: datetime = START) -> None:
        self._patch = pytest.MonkeyPatch()
        for module, name, value in PAUSES:
            self._patch.setattr(module, name, value)
        self._capture = captured()
        self.logs: list[Any] = self._capture.__enter__()
        self.subjects = {subject.name: subject for subject in subjects}
        self.products = {name: subject.product for name, subject in self.subjects.items()}
        self.database = Database(url)
        ease(self.database)
        stand_clock(self.database, start)
        self.points = Points()
        vendors = {name: subject.vendor for name, subject in self.subjects.items()}
        self.platform = Platform(vendors, start, self.points)
        self.writer = Writer(self.database, self.products, tells_desk=True)
        self.writer.start()
        self.rows = Rows(self.database)
        self.loop = asyncio.new_event_loop()
        homes = {name: subject.home for name, subject in self.subjects.items()}
        parts = (self.database, self.writer)
        self.equipment = Equipment(*parts, self.products, homes, self.platform, self.points)
        self.workers: list[Worker] = []
        #: At each death, how many operations were in flight.
        self.deaths: list[int] = []
        #: What the waker has offered and no worker has got yet.
        self.queue: list[tuple[str, tuple[int, ...]]] = []
        self.waker = Waker(self.database, self.writer, self.products, self._queue)
        #: Every order and what the door answered.
        self.ledger: list[tuple[Order, Answer]] = []
        #: Operations that a test means to be parked.
        self.poisonous: set[int] = set()
        self.boot()
        #: Whether an Admin confirms at once what waits for a code that was mailed to him.
        self.confirms = True
        record = {"version": 1, "name": "Acme", **customer_of(subjects)}
        acme = Customer.model_validate(record)
        self.writer.store(ChangeCustomer("acme", acme))

    def close(self) -> None:
        """End everything; a task that failed unseen fails the test."""
        try:
            for worker in list(self.workers):
                self.crash(worker, lapses=False)
            self.writer.stop()
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
        finally:
            self.loop.close()
            self.database.close()
            self.platform.close()
            self._capture.__exit__(None, None, None)
            self._patch.undo()
        assert [each for each in self.logs if each["event"] == "task_failed"] == []

    # What comes from outside

    @property
    def now(self) -> datetime:
        """Business time."""
        with self.database.look() as connection:
            return business_now(connection)

    def order(self, verb: str, reference: str = "one", **more: Any) -> Order:
        """Return an order; `more` are fields of `Order`, or `fields` of the verb."""
        product = more.pop("product", next(iter(self.subjects)))
        fields = more.pop("fields", self.subjects[product].examples.get(verb, {}))
        customer = more.pop("customer", "acme")
        kind, subject = f"turnup.{product}.{verb}", f"{customer}/{reference}"
        found = content_hash(kind, subject, {**fields, **{k: str(v) for k, v in more.items()}})
        context = f"{product}.{verb} {subject}"
        named = {"source": "crm", "event_id": f"{len(self.ledger) + 1}", "actor": "me", **more}
        return Order(
            product=product,
            verb=verb,
            customer=customer,
            reference=reference,
            content=found,
            data=json.dumps(
                seal_fields(SEALER, fields, self.products[product].verbs[verb].secrets, context)
            ),
            **named,
        )

    def hand_in(self, *orders: Order) -> list[Answer]:
        """Give orders to the store as one batch, and note what it answers."""
        answers: list[Answer] = self.writer.store(Accept(tuple(orders)), PATIENCE)
        self.ledger += zip(orders, answers, strict=True)
        return answers

    def ask(self, verb: str, reference: str = "one", **more: Any) -> Answer:
        """Submit a command and return the door's answer."""
        return self.hand_in(self.order(verb, reference, **more))[0]

    def submit(self, verb: str, reference: str = "one", **more: Any) -> int:
        """Submit a command that has to be taken, and return its operation."""
        answer = self.ask(verb, reference, **more)
        assert isinstance(answer, Accepted), answer
        return answer.operation

    def double(self, operation: int) -> Answer:
        """Submit the command of an operation again."""
        order = next(
            order
            for order, answer in self.ledger
            if isinstance(answer, Accepted) and answer.operation == operation
        )
        return self.hand_in(order)[0]

    def signal(self, kind: str, **more: Any) -> int | None:
        """Let a platform tell something; `more` are fields of `StoreSignal`."""
        product = more.pop("product", next(iter(self.subjects)))
        told = {"signal_id": f"{kind}-{more}", "at": self.now, **more}
        found: int | None = self.writer.store(StoreSignal(product, kind=kind, **told))
        return found

    def person(self, kind: str, reference: str = "one") -> None:
        """Let a person do at the vendor's what makes the platform tell a kind of signal."""
        subject = next(iter(self.subjects.values()))
        self.platform.person(subject.name, f"acme/{reference}", subject.people[kind])

    def confirm(self) -> bool:
        """Let an Admin type the codes that he was mailed; answer whether one was taken."""
        codes = [row for row in self.rows.all("confirmation") if row["state"] == "open"]
        given = [Confirm(row["operation_id"], row["cycle"], "right", "Admin") for row in codes]
        return any(isinstance(self.writer.store(each), Accepted) for each in given)

    def cancel(self, operation: int, actor: str = "me") -> Any:
        """Cancel an operation, and return the answer."""
        return self.writer.store(Cancel(operation, actor))

    def do(self, what: Callable[[Transaction], Any]) -> Any:
        """Run something in a writing transaction."""
        return self.writer.store(Do(what))

    def customer(self, name: str) -> None:
        """Make a customer known."""
        self.writer.store(ChangeCustomer(name, Customer(version=1, name=name)))

    # Workers

    def boot(self, **changes: Any) -> Worker:
        """Start a worker; `changes` replace parts of its equipment."""

        async def make() -> Worker:
            return Worker(replace(self.equipment, **changes))

        self.workers.append(self.loop.run_until_complete(make()))
        return self.workers[-1]

    def crash(self, worker: Worker | None = None, *, lapses: bool = True) -> None:
        """Let a worker (the oldest) die with all it had in memory; its lease lapses at once."""
        gone = worker or self.workers[0]
        self.workers.remove(gone)
        self.loop.run_until_complete(gone.die())
        if lapses:
            self.lapse(gone)

    def lapse(self, worker: Worker) -> None:
        """Let lease time pass, as far as this worker's row is concerned."""
        self.do(lambda transaction: invariants.lapse(transaction.connection, worker.key))

    # Time, and what is done in it

    def settle(self, until: datetime | timedelta | None = None) -> None:
        """Do all that can be done, moving the clock to each next due time, until quiet or `until`."""
        limit = self.now + until if isinstance(until, timedelta) else until
        while True:
            self.work()
            coming = self.next_due
            if coming is None or (limit and coming > limit):
                break
            self.move_time(coming)
        if limit and limit > self.now:
            self.move_time(limit)
            self.work()

    @property
    def next_due(self) -> datetime | None:
        """When the next thing can be done, or happens by itself."""
        nexts = [self.quiet.next_due, self.platform.next_due]
        return min((each for each in nexts if each), default=None)

    def work(self) -> None:
        """Do all that can be done at this business time; fail where that never ends."""
        left = 200
        while left := left - 1:
            has_heard = self.hear()
            self.waker.once()
            has_messages = bool(self.queue)
            self.deliver()
            self.run()
            if self.points.is_dying:
                self.follow()
            elif self.confirms and self.confirm():
                continue
            elif self.quiet.is_quiet and not (has_heard or has_messages or self.queue):
                return
        raise AssertionError(f"it never ends: {self.rows.all('operation')}")

    def hear(self) -> bool:
        """Store the callbacks that are due; answer whether there were any."""
        due = self.platform.due_callbacks()
        for each in due:
            told = json.loads(each.body)
            self.writer.store(
                StoreSignal(
                    each.product,
                    told["id"],
                    told["kind"],
                    told_at(each),
                    told["reference"],
                    told["platform_id"],
                    told["facts"],
                )
            )
        return bool(due)

    def deliver(self) -> None:
        """Bring the messages in the queue to the workers, each to the next one."""
        messages, self.queue = self.queue, []
        awake = [worker for worker in self.workers if not worker.is_stopped]
        for number, (product, operations) in enumerate(messages):
            awake[number % len(awake)].take(product, operations)
        for worker in awake:
            worker.send()

    def run(self) -> None:
        """Let the workers do what they have at hand, until they rest or one of them dies."""
        self.loop.run_until_complete(self._rest())
        for worker in [each for each in self.workers if each.lease.is_lost]:
            self.crash(worker, lapses=False)
            self.boot()

    def until(self, condition: Callable[[], bool], *, skips: bool = False) -> None:
        """Let everything go on until a condition holds, without a rest in between; maybe skip what only waits."""

        async def wait() -> None:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    is_told = self.hear() or (self.confirms and self.confirm())
                    self.waker.once()
                    self.deliver()
                    await asyncio.sleep(0.001)
                    if skips and not is_told and self._is_idle(asyncio.current_task()):
                        self.move_time(self.next_due or self.now)

        self.loop.run_until_complete(wait())

    def until_refused(self) -> None:
        """Let the workers go on until the database has refused one of their records for lack of room."""
        submit, has_refused = self.writer.submit, asyncio.Event()

        def watch(records: Sequence[Any]) -> "Future[list[Any]]":
            done = submit(records)
            if any(isinstance(each, StoreFull) for each in done.result(PATIENCE)):
                has_refused.set()
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.writer, "submit", watch)

            async def wait() -> None:
                async with asyncio.timeout(PATIENCE):
                    await has_refused.wait()

            self.loop.run_until_complete(wait())

    def move_time(self, to: datetime | timedelta) -> datetime:
        """Move business time, everywhere; do nothing at the new time yet."""
        moment = self.now + to if isinstance(to, timedelta) else to
        self.platform.move(moment)
        assert self.writer.store(MoveTime(moment))
        return moment

    @property
    def quiet(self) -> Quiet:
        """Whether nothing can be done, and when something can."""
        with self.database.look() as connection:
            return quiet(connection)

    def check(self) -> None:
        """Raise where an invariant is broken."""
        invariants.check(self.evidence())

    def evidence(self) -> invariants.Evidence:
        """Return all that the invariants are judged by."""
        return invariants.Evidence(
            rows={name: self.rows.all(name) for name in invariants.TABLES},
            effects=self.platform.effects(),
            ledger=tuple(self.ledger),
            now=self.now,
            products=self.products,
            poisonous=frozenset(self.poisonous),
        )

    def _is_idle(self, mine: asyncio.Task[None] | None) -> bool:
        """Return whether nothing can be done at this business time."""
        return self.quiet.is_quiet and not (self.queue or asyncio.all_tasks() - {mine})

    async def _rest(self) -> None:
        """Wait until nothing is going on, or a point is reached at which the process dies."""
        mine = asyncio.current_task()
        async with asyncio.timeout(PATIENCE):
            await asyncio.sleep(0)
            while (others := asyncio.all_tasks() - {mine}) and not self.points.is_dying:
                await asyncio.wait(others, timeout=0.001, return_when=asyncio.FIRST_COMPLETED)

    def follow(self) -> None:
        """Let the worker die that has reached its point, and start another."""
        self.deaths.append(sum(worker.engine.in_flight for worker in self.workers))
        self.points.dies_at, self.points.is_dying = None, False
        for worker in list(self.workers):
            self.crash(worker)
        self.boot()

    def _queue(self, product: str, operations: Sequence[int]) -> None:
        """Take an offer of the waker."""
        self.queue.append((product, tuple(operations)))
