"""How a product is asked about a command: with what is stored about its service, read where it looks (CO-1)."""

import json
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from schema.asking import Asked, Found
from schema.customer import Customer
from schema.store.dialect import locked
from schema.store.listings import listed
from schema.store.logged import warn_when_stored
from schema.store.possessions import holders_of
from schema.store.transaction import Transaction
from schema.tables import service


class ProductFailed(Exception):
    """Raised where a product fails at a question: a bug of its own, for which nobody else is to suffer (I9)."""

    def tell(self, transaction: Transaction, **named: str) -> None:
        """Log what was asked, once that is stored, and where it failed."""
        error = self.__cause__ or self
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(where.filename).name}:{where.lineno}"
        warn_when_stored(transaction, "check_crashed", **named, error=type(error).__name__, at=at)


@contextmanager
def product_speaks() -> Iterator[None]:
    """Turn what a product's code raises, but for the database's own errors, into `ProductFailed`."""
    try:
        yield
    except SQLAlchemyError:
        raise
    except Exception as error:
        raise ProductFailed from error


def ask_product(
    transaction: Transaction,
    name: tuple[str, str, str],
    record: Customer,
    held: tuple[str | None, str],
    data: str,
) -> Asked:
    """Return what a product is asked about a command (its JSON) for the service `name`, as it is `held`.

    `name` is product, customer and reference, `held` state and facts (JSON).
    """
    product, customer, reference = name
    state, facts = held
    return Asked(
        customer=customer,
        record=record,
        reference=reference,
        state=state,
        facts=json.loads(facts),
        fields=json.loads(data),
        holders=partial(holders_of, transaction),
        find=partial(find_service, transaction, customer),
        listed=partial(listed, transaction, product),
        limits=transaction.products[product].limits,
    )


def find_service(transaction: Transaction, customer: str, reference: str) -> Found | None:
    """Return another service of the customer, which stays as it is until what is asked for is stored."""
    columns = (service.c.product, service.c.state, service.c.facts)
    query = select(*columns).where(service.c.customer == customer, service.c.reference == reference)
    held = locked(transaction.dialect, query, service, skip=False)
    row = transaction.connection.execute(held).first()
    return Found(row.product, row.state, json.loads(row.facts)) if row else None
