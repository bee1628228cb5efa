"""Reference data: whole records of customers, of which the newest version wins."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from schema.customer import Customer
from schema.store.dialect import POSTGRESQL
from schema.store.known import customer_of
from schema.store.numbers import set_numbers
from schema.store.pools import set_pools
from schema.store.transaction import Transaction
from schema.tables import customer, partnership


@dataclass(frozen=True, slots=True)
class ChangeCustomer:
    """Store a version of a customer; answered True, or False where this version or a newer one is known."""

    name: str
    record: Customer

    @staticmethod
    def apply(transaction: Transaction, records: Sequence["ChangeCustomer"]) -> list[bool]:
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
            if stored is not None:
                _set_partners(transaction, each)
                set_pools(transaction, each.name, each.record.entitlements)
                sites = {one.e164: one.site for one in each.record.numbers}
                set_numbers(transaction, each.name, sites)
            answers.append(stored is not None)
        return answers


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
