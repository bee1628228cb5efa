"""Pools of entitlements: how many services of a product a customer may have, and how many he has (ML-1, CO-11)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from schema.store.dialect import POSTGRESQL, locked
from schema.store.transaction import Transaction
from schema.tables import pool, service

#: A customer and a product.
Owner = tuple[str, str]


@dataclass(slots=True)
class Pool:
    """How many entitlements there are, and how many are taken; more than there are after some were withdrawn."""

    total: int = 0
    taken: int = 0


def set_pools(transaction: Transaction, customer: str, totals: Mapping[str, int]) -> None:
    """Store how many entitlements a customer has of each product; what is not named has none."""
    mine = update(pool).where(pool.c.customer == customer, pool.c.product.not_in(list(totals)))
    transaction.connection.execute(mine.values(total=0))
    kind = postgresql.insert if transaction.dialect == POSTGRESQL else sqlite.insert
    for product, total in sorted(totals.items()):
        put = kind(pool).values(customer=customer, product=product, total=total)
        put = put.on_conflict_do_update(
            index_elements=["customer", "product"], set_={"total": total}
        )
        transaction.connection.execute(put)


def known_pools(transaction: Transaction, owners: Iterable[Owner]) -> dict[Owner, Pool]:
    """Return these pools, which nobody else can take from until the transaction ends."""
    wanted = sorted(owners)
    if not wanted:
        return {}
    key = (pool.c.customer, pool.c.product)
    query = select(pool).where(tuple_(*key).in_(wanted)).order_by(*key)
    found = transaction.connection.execute(locked(transaction.dialect, query, pool, skip=False))
    return {(row.customer, row.product): Pool(row.total, row.taken) for row in found}


def take_entitlements(transaction: Transaction, counts: Mapping[Owner, int]) -> None:
    """Take entitlements from pools that `known_pools` holds, or, with a minus, give them back."""
    values = [
        {"of_customer": customer, "of_product": product, "many": many}
        for (customer, product), many in sorted(counts.items())
    ]
    if values:
        transaction.connection.execute(_TAKE, values)


def give_entitlements_back(transaction: Transaction, services: Sequence[int]) -> None:
    """Give back what services took; each gives back once, whoever asks however often."""
    mine = update(service).where(service.c.id.in_(services), service.c.entitled)
    given = mine.values(entitled=False).returning(service.c.customer, service.c.product)
    found = Counter((row.customer, row.product) for row in transaction.connection.execute(given))
    take_entitlements(transaction, {owner: -many for owner, many in found.items()})


_TAKE = (
    update(pool)
    .where(pool.c.customer == bindparam("of_customer"), pool.c.product == bindparam("of_product"))
    .values(taken=pool.c.taken + bindparam("many"))
)
