"""Log lines about what a transaction stores, written as it is committed: what is rolled back was never said."""

from contextlib import suppress

import structlog
from sqlalchemy import Connection, event

from schema.store.transaction import Transaction

log = structlog.get_logger()


def warn_when_stored(transaction: Transaction, name: str, **facts: object) -> None:
    """Log a warning once all of a transaction is stored; one that cannot be written keeps nothing from that."""

    def say(_connection: Connection) -> None:
        with suppress(OSError, ValueError):  # what is said by a log that is closed
            log.warning(name, **facts)

    event.listen(transaction.connection, "commit", say)
