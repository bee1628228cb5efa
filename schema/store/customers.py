"""Reference data: whole records of customers, of which the newest version wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from schema.customer import Customer
from schema.store.dialect import POSTGRESQL
from schema.store.known import customer_of
from schema.store.numbers import set_numbers
from schema.store.pools import set_pools
from schema.store.transaction import Transaction
from schema.tables import customer, partnership


class Standing(NamedTuple):
    """What became of a customer's record: whether it `changed`, and what stands now."""

    changed: bool
    version: int
    is_same: bool


@dataclass(frozen=True, slots=True)
class ChangeCustomer:
    """Store a version of a customer, unless this version or a newer one is known; answered with what stands then."""

    name: str
    record: Customer

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["ChangeCustomer"]) -> list[Standing]:
        """Insert or replace each record whose version is higher than the stored one."""
        kind = postgresql.insert if transaction.dialect == POSTGRESQL else sqlite.insert
        answers = []
        for each in records:
            data = each.record.model_dump_json(exclude_defaults=False)
            values = {
                "name": each.name,
                "version": each.record.version,
                "data": data,
                "changed_at": transaction.now,
            }
            put = kind(customer).values(values)
            newer = put.on_conflict_do_update(
                index_elements=["name"],
                set_=values,
                where=customer.c.version < put.excluded.version,
            )
            # An INSERT's rowcount is not known on every driver; what it returns is.
            stored = transaction.connection.execute(newer.returning(customer.c.name)).scalar()
            if stored is None:
                answers.append(_stands(transaction, each))
            else:
                answers.append(Standing(changed=True, version=each.record.version, is_same=True))
                _set_partners(transaction, each)
                set_pools(transaction, each.name, each.record.entitlements)
                sites = {one.e164: one.site for one in each.record.numbers}
                set_numbers(transaction, each.name, sites)
        return answers


def _stands(transaction: Transaction, change: ChangeCustomer) -> Standing:
    """Return which version stands where another was not stored."""
    query = select(customer.c.version, customer.c.data).where(customer.c.name == change.name)
    row = transaction.connection.execute(query).one()
    return Standing(
        changed=False, version=row.version, is_same=customer_of(row.data) == change.record
    )


def _set_partners(transaction: Transaction, change: ChangeCustomer) -> None:
    """Store who may act for a customer, for whoever asks which customers are his."""
    run = transaction.connection.execute
    run(delete(partnership).where(partnership.c.customer == change.name))
    values = [(partner, change.name) for partner in sorted(set(change.record.partners))]
    transaction.add(partnership, ("partner", "customer"), values)


def find_customer(connection: Connection, name: str) -> Customer | None:
    """Return a customer's newest record."""
    data = connection.execute(select(customer.c.data).where(customer.c.name == name)).scalar()
    return customer_of(data) if data is not None else None
