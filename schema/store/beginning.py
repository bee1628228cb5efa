"""Whether an operation that is claimed may still begin, as table and product say from what is stored (CO-1, CO-13)."""

import traceback
from pathlib import Path
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from schema.asking import Asked
from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Cell
from schema.store.claimed import Begins
from schema.store.known import customer_of
from schema.store.logged import warn_when_stored
from schema.store.questions import ask_product
from schema.store.taking import still_has
from schema.store.transaction import Transaction


def asked_whether(transaction: Transaction, row: Row[Any]) -> Begins:
    """Return whether an operation may begin; a product that fails at it fails this operation alone (I9)."""
    turns = transaction.products[row.product].turns
    try:
        begins = _begins(transaction, row)
        if begins == "yes" and turns:
            turns(row.verb, asked_of(transaction, row))
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001  a product's bug
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(where.filename).name}:{where.lineno}"
        named = {"operation": public_id("op", row.id), "product": row.product, "verb": row.verb}
        warn_when_stored(transaction, "check_crashed", **named, error=type(error).__name__, at=at)
        return "unknown"
    return begins


def _begins(transaction: Transaction, row: Row[Any]) -> Begins:
    """Return whether table and product still allow an operation that begins (CO-1, CO-13)."""
    verb = transaction.products[row.product].verbs[row.verb]
    is_new = row.service_state == NEW and verb.creates
    cell: Cell | Refusal | None = Cell.YES if is_new else verb.takes.get(row.service_state)
    if cell is Cell.YES and verb.guard and not (is_new and row.starts_at == row.accepted_at):
        cell = verb.guard(asked_of(transaction, row)) or cell
    match cell:
        case Cell.YES:
            return "yes" if _still_has(transaction, row) else "refused"
        case Cell.ALREADY:
            return "already"
        case _:
            return "refused"


def _still_has(transaction: Transaction, row: Row[Any]) -> bool:
    """Return whether an operation that starts later still has what it takes: others came between (CO-13)."""
    verb = transaction.products[row.product].verbs[row.verb]
    if verb.wants is None or row.starts_at == row.accepted_at:
        return True
    return still_has(transaction, verb.wants(asked_of(transaction, row)), (row.service_id, row.id))


def asked_of(transaction: Transaction, row: Row[Any]) -> Asked:
    """Return what a product is asked about an operation that begins."""
    name, state = (row.product, row.customer, row.reference), row.service_state
    known = (None if state == NEW else state, row.service_facts)
    return ask_product(transaction, name, customer_of(row.customer_data), known, row.data)
