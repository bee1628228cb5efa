"""One open writing transaction, as the records see it: the connection, the two times, and the history.

On PostgreSQL each kind of record locks rows in this order: worker, operations by key, services by key, due rows. Where
that cannot be kept (several kinds in one group, the next in line for a service) two transactions may wait for each
other; PostgreSQL then breaks one off, and the writer repeats it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable, Row, Table

from schema.lifecycle import Product
from schema.store.dialect import SQLITE, insert_rows, insert_values, new_rows, packed
from schema.tables import PARTITIONS, history, outbox

OUTBOX = ("partition", "kind", "owner", "number")


#: Rows of a table: the table, their columns, their values.
Rows = tuple[Table, tuple[str, ...], Sequence[tuple[Any, ...]]]


class Line(NamedTuple):
    """One line of history: what happened, why, and from which state to which.

    A line with an `event` is public: it has a sequence, and goes out under that name.
    """

    what: str
    who: str
    why: str | None = None
    before: str | None = None
    after: str | None = None
    step: str | None = None
    facts: str | None = None
    event: str | None = None


HISTORY = ("kind", "owner", "number", "at", *Line._fields, "sequence", "operation_id")


class Written(NamedTuple):
    """The lines of one owner record, and how far its counters stand after them; a service's name their operation."""

    kind: int
    owner: int
    number: int
    sequence: int
    lines: Sequence[Line]
    operation: int | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A writing transaction; `now` is business time and stands for all of it, in stored form.

    It `publishes` events where a relay sends them, and `tells_desk` of tickets where another system's desk listens.
    What only grows, history and counts, is gathered, and stored for all of its records at once.
    """

    connection: Connection
    now: int
    products: Mapping[str, Product]
    publishes: bool
    tells_desk: bool = False
    counted: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _lines: list[tuple[Any, ...]] = field(default_factory=list)
    _public: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        """The kind of database."""
        return self.connection.dialect.name

    def run(
        self, statement: Executable, names: Iterable[str], values: Iterable[Sequence[Any]]
    ) -> list[Row[Any]]:
        """Run a statement on a set of rows, with `now` where it asks for it, and return what it returns."""
        result = self.connection.execute(
            statement, {"rows": packed(names, values), "now": self.now}
        )
        return list(result.all()) if result.returns_rows else []

    def add(self, table: Table, names: tuple[str, ...], values: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a table."""
        self.add_all([(table, names, values)])

    def add_all(self, rows: Iterable[Rows]) -> None:
        """Add rows to tables: each database in its own quickest way."""
        some = [each for each in rows if each[2]]
        if some and self.dialect == SQLITE:
            for table, names, values in some:
                self.connection.exec_driver_sql(insert_values(table, names), list(values))
        elif some:
            statement = insert_rows(self.dialect, *((table, names) for table, names, _ in some))
            self.connection.execute(statement, new_rows(some))

    def write_history(self, written: Iterable[Written]) -> None:
        """Add lines to the histories of owner records, and their public ones to the outbox; `flush` stores them."""
        for each in written:
            number, sequence = each.number - len(each.lines), each.sequence - events_in(each.lines)
            for line in each.lines:
                number += 1
                if line.event:
                    sequence += 1
                    self._public.append((each.owner % PARTITIONS, each.kind, each.owner, number))
                told = sequence if line.event else None
                where = (each.kind, each.owner, number, self.now)
                self._lines.append((*where, *line, told, each.operation))

    def flush(self) -> None:
        """Store what was gathered of history and outbox."""
        public = self._public if self.publishes else ()
        self.add_all([(history, HISTORY, self._lines), (outbox, OUTBOX, public)])
        self._lines.clear()
        self._public.clear()


def events_in(lines: Sequence[Line]) -> int:
    """Return how many of these lines are public."""
    return len([line for line in lines if line.event])
