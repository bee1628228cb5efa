"""What table and product say of an operation that is claimed, from what is stored.

Whether it may still begin (CO-1, CO-13), and for whom it acts (SD-8).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row

from schema.asking import Asked
from schema.errors import Refusal
from schema.ids import public_id
from schema.lifecycle import NEW, Cell
from schema.store.claimed import Begins
from schema.store.known import customer_of
from schema.store.owner_turns import Owner
from schema.store.questions import ProductFailed, ask_product, product_speaks
from schema.store.taking import still_has
from schema.store.transaction import Transaction


class Word(NamedTuple):
    """What is said of an operation that is claimed: whether one that begins may, and for whom it acts (SD-8)."""

    begins: Begins | None
    owners: Sequence[Owner] = ()


def word_about(transaction: Transaction, row: Row[Any], *, is_refused: bool) -> Word:
    """Return what is said of an operation; its product fails at it to the harm of this one alone (I9)."""
    try:
        with product_speaks():
            begins: Begins | None = None
            if row.state == "accepted":
                begins = "refused" if is_refused else _begins(transaction, row)
            acts = begins in {None, "yes"}
            return Word(begins, _owners(transaction, row) if acts else ())
    except ProductFailed as error:
        operation = public_id("op", row.id)
        error.tell(transaction, operation=operation, product=row.product, verb=row.verb)
        return Word("unknown")


def _owners(transaction: Transaction, row: Row[Any]) -> Sequence[Owner]:
    """Return the owners for whom an operation acts, where its product names any."""
    turns = transaction.products[row.product].turns
    if turns is None:
        return ()
    return [(row.product, name) for name in turns(row.verb, _asked_of(transaction, row))]


def _begins(transaction: Transaction, row: Row[Any]) -> Begins:
    """Return whether table and product still allow an operation that begins (CO-1, CO-13)."""
    verb = transaction.products[row.product].verbs[row.verb]
    is_new = row.service_state == NEW and verb.creates
    cell: Cell | Refusal | None = Cell.YES if is_new else verb.takes.get(row.service_state)
    if cell is Cell.YES and verb.guard and not (is_new and row.starts_at == row.accepted_at):
        cell = verb.guard(_asked_of(transaction, row)) or cell
    match cell:
        case Cell.YES:
            return "yes" if _still_takes(transaction, row) else "refused"
        case Cell.ALREADY:
            return "already"
        case _:
            return "refused"


def _still_takes(transaction: Transaction, row: Row[Any]) -> bool:
    """Return whether an operation that starts later may still have what it takes: others came between (CO-11)."""
    verb = transaction.products[row.product].verbs[row.verb]
    if row.starts_at == row.accepted_at or not (verb.wants or verb.makes):
        return True
    asked = _asked_of(transaction, row)
    takes, beside = verb.takings(asked), verb.makes(asked) if verb.makes else None
    numbers = takes.numbers + (beside.takes.numbers if beside else ())
    sites = [asked.record.site_of(wanted.e164) or "" for wanted in numbers]
    may_be_live = all(asked.record.has_emergency_address(site) for site in sites)
    return may_be_live and still_has(transaction, takes, (row.service_id, row.id))


def _asked_of(transaction: Transaction, row: Row[Any]) -> Asked:
    """Return what a product is asked about an operation that begins."""
    name, state = (row.product, row.customer, row.reference), row.service_state
    known = (None if state == NEW else state, row.service_facts)
    return ask_product(transaction, name, customer_of(row.customer_data), known, row.data)
