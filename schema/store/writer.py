"""The writer: the only code that opens a writing transaction.

Everybody hands it records and gets a future. It takes what is waiting (at most `GROUP` records), lets each kind of
record apply itself to the transaction as one set, commits, and answers each. A record that the database refuses fails
alone: the group is repeated in halves. While the database does not answer, records wait; it logs that once.
Who cancels his future before the writer has taken his records takes them back; what is taken is carried out.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import structlog
from sqlalchemy.exc import DBAPIError

from schema.errors import NotStored, NotTaken, StoreFull
from schema.lifecycle import Product
from schema.store.clock import read_times
from schema.store.counts import store_counts
from schema.store.database import Database, first_line
from schema.store.dialect import SQLITE
from schema.store.transaction import Transaction

log = structlog.get_logger()

#: The most records in one transaction.
GROUP = 500

#: The most commands of doors that wait: more than are stored while a door has patience.
MOST_WAITING = 20_000

#: How long ending may take, in seconds: what a database keeps from being stored by then is left.
FAREWELL = 5.0

#: How often a group that met another's transaction (the same key at once) is tried again as it is.
CLASHES = 5

#: PostgreSQL's words for two transactions that waited for each other. It let the other one go on: tried again
#: until it passes, for nothing is wrong with the records.
DEADLOCKS = frozenset({"40001", "40P01"})

#: Between two groups on SQLite, so that other processes get in, in seconds.
BREATH = 0.001

#: Classes of PostgreSQL's errors that pass by themselves: connection, resources, shutdown and
#: cancelled statements, the system, a server that only reads for now, a transaction that was idle for too long.
ONLY_READS = "25006"
PASSING = ("08", "53", "57", "58", ONLY_READS, "25P03")

#: How drivers say that nobody is there, where they give no code for it.
GONE = (
    "failed to resolve",
    "connection refused",
    "closed the connection",
    "connection is closed",
    "connection failed",
    "connection timeout",
)

#: Between two tries to reach a database that does not answer, in seconds.
RECONNECT = 0.25


class Record(Protocol):
    """Something to be stored; `apply` stores all records of one kind and returns an answer for each, in order."""

    @property
    def apply(self) -> Callable[[Transaction, Sequence[Any]], Sequence[Any]]:
        """The function for this kind of record."""


class Writer:
    """Commits records in groups, on a thread of its own."""

    def __init__(
        self,
        database: Database,
        products: Mapping[str, Product],
        *,
        publishes: bool = False,
        tells_desk: bool = False,
    ) -> None:
        self._database = database
        self._products = products
        self._told = (publishes, tells_desk)
        self._waiting: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._closed = threading.Event()
        #: What was said of a database that takes nothing, until it does again.
        self._said: set[str] = set()
        self._lock = threading.Lock()
        self._load = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, farewell: float = FAREWELL) -> bool:
        """Commit what is waiting and end; records that come later are refused.

        Returns False where the database does not answer for so many seconds: then the thread is left behind.
        """
        self._closed.set()
        self._waiting.put(None)
        self._thread.join(farewell)
        if self._thread.is_alive():
            log.warning("writer_left", reason="the database does not answer", seconds=farewell)
        return not self._thread.is_alive()

    def submit(self, records: Sequence[Record], load: int = 0) -> "Future[list[Any]]":
        """Return a future of an answer for each record, in order; a refused record's answer is its `NotStored`.

        `load` is how many commands of a door these are: with too many waiting they are refused at once.
        What the process itself has to store has no load, and always gets in.
        """
        batch = _Batch(records, load)
        if refusal := self._refusal(load):
            batch.future.set_result([refusal] * len(records))
        else:
            self._waiting.put(batch)
        return batch.future

    def store(self, record: Record, timeout: float | None = None, load: int = 0) -> Any:  # noqa: ANN401  each kind answers its own
        """Store one record and return its answer; raise `NotStored`, or `TimeoutError` while nothing answers."""
        (answer,) = wait_for(self.submit([record], load), timeout)
        if isinstance(answer, NotStored):
            raise answer
        return answer

    def _refusal(self, load: int) -> NotTaken | None:
        """Count what a door hands over, or return why it is refused."""
        if self._closed.is_set():
            return NotTaken("the writer is stopping")
        with self._lock:
            if load and self._load >= MOST_WAITING:
                return NotTaken("too much is waiting for the database")
            self._load += load
        return None

    def _work(self) -> None:
        """Take, commit and answer, until stopped."""
        while (batches := self._take()) is not None:
            if not batches:
                continue
            records = [record for batch in batches for record in batch.records]
            answers = iter(self._store_all(records))
            for batch in batches:
                batch.future.set_result([next(answers) for _ in batch.records])
            if self._database.dialect == SQLITE and not self._waiting.empty():
                time.sleep(BREATH)

    def _take(self) -> "list[_Batch] | None":
        """Return what is waiting, up to a group; None once the writer has stopped and all is done."""
        batches: list[_Batch] = []
        size, is_over = 0, False
        batch = self._waiting.get()
        while True:
            if batch is None:
                is_over = True
            elif self._begins(batch):
                batches.append(batch)
                size += len(batch.records)
            if size >= GROUP:
                break
            try:
                batch = self._waiting.get_nowait()
            except queue.Empty:
                break
        if is_over and not batches:
            return None
        if is_over:
            self._waiting.put(None)  # met on the way: to be met again after these
        return batches

    def _begins(self, batch: "_Batch") -> bool:
        """Return whether anybody still wants these records; from now on nobody can take them back."""
        with self._lock:
            self._load -= batch.load
        return batch.future.set_running_or_notify_cancel()

    def _store_all(self, records: Sequence[Record]) -> list[Any]:
        """Return an answer for each record, whatever happens; halve the group when one of it is refused."""
        clashes = 0
        while True:
            try:
                return self._commit(records)
            except DBAPIError as error:
                if _is_full(error):
                    return [StoreFull("the database has no room left")] * len(records)
                if _is_gone(error):
                    if not self._wait_for_it(error):
                        return [NotTaken("the database does not answer")] * len(records)
                elif getattr(error.orig, "sqlstate", None) in DEADLOCKS:
                    log.info("deadlock_repeated", records=len(records))
                elif not _is_clash(error) or (clashes := clashes + 1) == CLASHES:
                    return self._halve(records, error)
            except Exception as error:  # noqa: BLE001  one bad record never ends the writer
                return self._halve(records, error)

    def _commit(self, records: Sequence[Record]) -> list[Any]:
        """Apply the records, a kind at a time, in one transaction."""
        answers: dict[int, Any] = {}
        with self._database.writing.begin() as connection:
            now = read_times(connection).business
            transaction = Transaction(connection, now, self._products, *self._told)
            for apply, places in _kinds(records).items():
                given = apply(transaction, [records[place] for place in places])
                answers.update(zip(places, given, strict=True))
            transaction.flush()
            store_counts(transaction)
        if self._said:
            self._said.clear()
            log.info("database_answers_again")
        return [answers[place] for place in range(len(records))]

    def _halve(self, records: Sequence[Record], error: Exception) -> list[Any]:
        """Store each half by itself, so that the one refused record fails alone."""
        if len(records) == 1:
            log.error("record_refused", record=type(records[0]).__name__, error=first_line(error))
            return [NotStored(f"the database refused it: {first_line(error)}")]
        middle = len(records) // 2
        return self._store_all(records[:middle]) + self._store_all(records[middle:])

    def _wait_for_it(self, error: Exception) -> bool:
        """Wait a moment for a database that is gone; return False when the writer is stopped meanwhile.

        Whether the last commit was done is then not known: every record can be applied twice.
        """
        is_there = getattr(getattr(error, "orig", None), "sqlstate", None) == ONLY_READS
        name = "database_only_read" if is_there else "database_gone"
        if name not in self._said:
            self._said.add(name)
            log.warning(name, error=first_line(error))
        is_stopped = self._closed.wait(RECONNECT)
        self._database.writing.dispose()
        return not is_stopped


class _Batch:
    """Records that were handed over together, and the future of their answers."""

    def __init__(self, records: Sequence[Record], load: int) -> None:
        self.records = records
        self.load = load
        self.future: Future[list[Any]] = Future()


def wait_for(future: "Future[list[Any]]", timeout: float | None) -> list[Any]:
    """Return the answers; after a `TimeoutError` the writer drops what it has not taken yet."""
    try:
        return future.result(timeout)
    except TimeoutError:
        future.cancel()
        raise


def _is_gone(error: DBAPIError) -> bool:
    """Return whether the database stopped answering."""
    state = getattr(error.orig, "sqlstate", None) or ""
    said = str(error.orig).lower()
    return (
        error.connection_invalidated
        or state.startswith(PASSING)
        or any(sign in said for sign in GONE)
    )


def _is_full(error: DBAPIError) -> bool:
    """Return whether the disk is full; the transaction was rolled back whole."""
    return getattr(error.orig, "sqlstate", None) == "53100" or "is full" in str(error.orig)


def _kinds(records: Sequence[Record]) -> dict[Callable[..., Sequence[Any]], list[int]]:
    """Return the places of the records by kind, in the order in which kinds first came."""
    kinds: dict[Callable[..., Sequence[Any]], list[int]] = {}
    for place, record in enumerate(records):
        kinds.setdefault(record.apply, []).append(place)
    return kinds


def _is_clash(error: DBAPIError) -> bool:
    """Return whether another transaction was in the way, so that the same again may pass."""
    state = getattr(error.orig, "sqlstate", None) or ""
    text = str(error.orig).lower()
    return state in {"23505", "55P03"} or "locked" in text or "unique constraint" in text
