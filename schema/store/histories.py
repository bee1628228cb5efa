"""Reading histories: the lines of one operation or one service."""

from collections import defaultdict
from typing import Literal

from sqlalchemy import Connection, select

from schema.errors import NotFound
from schema.ids import key_of, public_id
from schema.store.reads import named
from schema.store.showing import line_of
from schema.tables import OPERATION, SERVICE, history, service
from schema.views import HistoryLine

#: What is read of a line.
COLUMNS = tuple(
    history.c[name]
    for name in ("number", "at", "who", "what", "why", "before", "after", "step", "event")
)

#: What owner records are called outside.
KINDS: dict[int, Literal["op", "svc"]] = {OPERATION: "op", SERVICE: "svc"}


def operation_history(connection: Connection, public: str) -> list[HistoryLine]:
    """Return the lines of the operation `op_...`, oldest first, or raise `NotFound`."""
    lines = _lines(connection, OPERATION, key_of("op", public))
    if not lines:
        raise NotFound(f"there is no operation {public}")
    return lines


def service_history(connection: Connection, name: str) -> list[HistoryLine]:
    """Return the lines of the service `svc_...` or `<customer>/<reference>`, oldest first, or raise `NotFound`."""
    key = connection.execute(select(service.c.id).where(named(name))).scalar()
    if key is None:
        raise NotFound(f"there is no service {name}")
    return _lines(connection, SERVICE, key)


def all_histories(connection: Connection) -> defaultdict[str, list[HistoryLine]]:
    """Return the lines of every operation and service there is, by its id, oldest first; of a small database."""
    found = defaultdict[str, list[HistoryLine]](list)
    query = select(history.c.kind, history.c.owner, *COLUMNS)
    for row in connection.execute(query.order_by(history.c.number)):
        found[public_id(KINDS[row.kind], row.owner)].append(line_of(row))
    return found


def _lines(connection: Connection, kind: int, key: int) -> list[HistoryLine]:
    """Return the history of an owner record."""
    query = select(*COLUMNS).order_by(history.c.number)
    found = connection.execute(query.where(history.c.kind == kind, history.c.owner == key))
    return [line_of(row) for row in found]
