"""Lists of platforms, such as the approved types of devices: workers read them, so that doors can look (SD-2)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from schema.store.dialect import POSTGRESQL
from schema.store.transaction import Transaction
from schema.tables import listing


@dataclass(frozen=True, slots=True)
class StoreListing:
    """Store a list of a product's platform (JSON) as it was read just now; answered True."""

    product: str
    name: str
    data: str

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["StoreListing"]) -> list[bool]:
        """Put each in the place of what was known."""
        kind = postgresql.insert if transaction.dialect == POSTGRESQL else sqlite.insert
        for each in records:  # one an hour
            new = {"data": each.data, "read_at": transaction.now}
            put = kind(listing).values(product=each.product, name=each.name, **new)
            known = ["product", "name"]
            transaction.connection.execute(
                put.on_conflict_do_update(index_elements=known, set_=new)
            )
        return [True] * len(records)


def listed(transaction: Transaction, product: str, name: str) -> Any:  # noqa: ANN401  JSON
    """Return a list as workers read it last; None while nobody has."""
    query = select(listing.c.data).where(listing.c.product == product, listing.c.name == name)
    data = transaction.connection.execute(query).scalar()
    return _read(data) if data is not None else None


@lru_cache(maxsize=64)
def _read(data: str) -> Any:  # noqa: ANN401  JSON
    """Return a list, read once for each version."""
    return json.loads(data)
